%% Ports, each time it is asked with a number: {Number, At, Own, All, Looked, Queued, Moved}, times in us: those in which most
%% bytes wait, and those that moved most bytes since the question before, at most N of each; of each port
%% {Port, Queue, In, Out, MovedSince, Name, Owner, OwnerName, IsDist, Peer}, [] where something is not known.
%% Of more than Most ports a run of Most is looked at, another one each time.
%% Bytes in and out of a socket are those of its own counters (inet:getstat/2); of other ports those of port_info/2.
fun(Us, N, Most) ->
    Counters = [recv_oct, send_oct],
    %% {Port, Queue, Stat} to {Port, Queue, In, Out}; a port that is closed has no queue.
    Rows = ets:match_spec_compile([
        {{'$1', {queue_size, '$2'}, {ok, [{recv_oct, '$3'}, {send_oct, '$4'}]}}, [],
         [{{'$1', '$2', '$3', '$4'}}]},
        {{'$1', {queue_size, '$2'}, '_'}, [], [{{'$1', '$2', [], []}}]}]),
    Sums = ets:match_spec_compile([{{'$1', '_', '$2', '$3'}, [{is_integer, '$2'}], [{{'$1', {'+', '$2', '$3'}}}]}]),
    Uncounted = ets:match_spec_compile([{{'$1', '_', [], '_'}, [], ['$1']}]),
    OtherSums = ets:match_spec_compile([{{'$1', {input, '$2'}, {output, '$3'}}, [], [{{'$1', {'+', '$2', '$3'}}}]}]),
    Second = ets:match_spec_compile([{{'_', '$1'}, [], ['$1']}]),
    First = ets:match_spec_compile([{{'$1', '_'}, [], ['$1']}]),
    Greatest = fun(Place, All) -> lists:sublist(lists:reverse(lists:keysort(Place, All)), N) end,
    One = fun(Port, Item) -> try element(2, erlang:port_info(Port, Item)) catch _:_ -> [] end end,
    Whole = fun({Port, Queue, In, Out}, Since, Links) ->
        Owner = One(Port, connected),
        Name = try element(2, process_info(Owner, registered_name)) catch _:_ -> [] end,
        Peer = try {ok, Address} = inet:peername(Port), Address catch _:_ -> [] end,
        {I, O} = case In of [] -> {One(Port, input), One(Port, output)}; _ -> {In, Out} end,
        {Port, Queue, I, O, maps:get(Port, Since, []), One(Port, name), Owner, Name,
         lists:keymember(Port, 2, Links), Peer}
    end,
    (fun Loop(Own, Before) ->
        receive
            Number when is_integer(Number) ->
                At = erlang:monotonic_time(microsecond),
                Ports = erlang:ports(),
                All = length(Ports),
                Looked = case All > Most of
                    true -> lists:sublist(lists:nthtail(erlang:phash2(At, All - Most + 1), Ports), Most);
                    false -> Ports
                end,
                Count = length(Looked),
                Queues = lists:zipwith(fun erlang:port_info/2, Looked, lists:duplicate(Count, queue_size)),
                Stats = lists:zipwith(fun inet:getstat/2, Looked, lists:duplicate(Count, Counters)),
                Said = ets:match_spec_run(lists:zip3(Looked, Queues, Stats), Rows),
                Sockets = ets:match_spec_run(Said, Sums),
                Others = ets:match_spec_run(Said, Uncounted),
                Ask = fun(Item) -> lists:zipwith(fun erlang:port_info/2, Others, lists:duplicate(length(Others), Item)) end,
                Totals = lists:append(Sockets, ets:match_spec_run(lists:zip3(Others, Ask(input), Ask(output)), OtherSums)),
                %% Of a port that was not there before, or was not looked at, it is not known.
                Again = maps:with(maps:keys(Before), maps:from_list(Totals)),
                Now = lists:keysort(1, maps:to_list(Again)),
                Then = lists:keysort(1, maps:to_list(maps:with(maps:keys(Again), Before))),
                Differences = lists:zipwith(fun erlang:'-'/2, ets:match_spec_run(Now, Second), ets:match_spec_run(Then, Second)),
                Since = lists:zip(ets:match_spec_run(Now, First), Differences),
                Moved = Greatest(2, case Since of [] -> Totals; _ -> Since end),
                Links = erlang:system_info(dist_ctrl),
                Changes = maps:from_list(Since),
                Top = fun(Chosen) -> [Whole(Row, Changes, Links) || Row <- Chosen] end,
                Queued = Top([R || R <- Greatest(2, Said), element(2, R) > 0]),
                Most1 = Top([lists:keyfind(P, 1, Said) || {P, M} <- Moved, M > 0]),
                erlang:send(Us, {Number, At, Own, All, Count, Queued, Most1}, [noconnect]),
                Loop(Own + erlang:monotonic_time(microsecond) - At, maps:from_list(Totals));
            _ ->
                Loop(Own, Before)
        end
    end)(0, #{})
end.
