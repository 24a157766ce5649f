%% The N largest ETS tables, once: {At, Took, All, Looked, Tables}, times in us, of each table {Info, OwnerName} as ets:info/1
%% has it. Of more than Most tables a run of Most is looked at, another one each time.
fun(N, Most) ->
    At = erlang:monotonic_time(microsecond),
    Tables = ets:all(),
    All = length(Tables),
    Looked = case All > Most of
        true -> lists:sublist(lists:nthtail(erlang:phash2(At, All - Most + 1), Tables), Most);
        false -> Tables
    end,
    Count = length(Looked),
    Sizes = lists:zip(lists:zipwith(fun ets:info/2, Looked, lists:duplicate(Count, memory)), Looked),
    %% A table that is gone meanwhile has no size.
    There = ets:match_spec_run(Sizes, ets:match_spec_compile([{{'$1', '_'}, [{is_integer, '$1'}], ['$_']}])),
    Infos = [ets:info(T) || {_, T} <- lists:sublist(lists:reverse(lists:keysort(1, There)), N)],
    Owner = fun(Info) -> try element(2, process_info(element(2, lists:keyfind(owner, 1, Info)), registered_name)) catch _:_ -> [] end end,
    Largest = [{Info, Owner(Info)} || Info <- Infos, is_list(Info)],
    {At, erlang:monotonic_time(microsecond) - At, All, Count, Largest}
end.
