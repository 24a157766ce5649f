%% The N sockets (of the module socket, which are no ports) that moved most bytes, once: {At, Took, All, Looked, Sockets},
%% times in us, of each {Info, Peer, OwnerName} as socket:info/1 has it; those with writers that wait come first. [] where the
%% module is not loaded: then there are none. Of more than Most, Most are looked at.
fun(N, Most) ->
    At = erlang:monotonic_time(microsecond),
    Sockets = case erlang:module_loaded(socket) of true -> socket:which_sockets(); false -> [] end,
    All = length(Sockets),
    Looked = lists:sublist(Sockets, Most),
    Infos = try lists:map(fun socket:info/1, Looked) catch _:_ -> [try socket:info(S) catch _:_ -> #{} end || S <- Looked] end,
    Counter = fun(Name) -> {map_get, Name, {map_get, counters, '$1'}} end,
    Weigh = ets:match_spec_compile([{{'$1', '$2'}, [],
        [{{{map_get, num_writers, '$1'}, {'+', Counter(read_byte), Counter(write_byte)}, '$1', '$2'}}]}]),
    There = [P || P <- lists:zip(Infos, Looked), is_map_key(counters, element(1, P))],
    Most1 = lists:sublist(lists:reverse(lists:keysort(1, lists:keysort(2, ets:match_spec_run(There, Weigh)))), N),
    Peer = fun(S) -> try {ok, Address} = socket:peername(S), Address catch _:_ -> [] end end,
    Owner = fun(Info) -> try element(2, process_info(map_get(owner, Info), registered_name)) catch _:_ -> [] end end,
    Top = [{Info, Peer(S), Owner(Info)} || {_, _, Info, S} <- Most1],
    {At, erlang:monotonic_time(microsecond) - At, All, length(Looked), Top}
end.
