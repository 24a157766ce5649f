%% In which functions the processes are that are active now, once: {At, Work, Processes, Looked, Active, Answered, Functions},
%% times in us, Work without that for which others were waited for; of each function {Count, {Module, Function, Arity}}, the N
%% most frequent first. A process stands where its last turn ended, which is at a call: of what waits for a lock inside of a
%% BIF, at that BIF or at the one who calls it.
%% Status is an item that wakes nobody. Where there are more than Most processes, only those in Known are looked at. Of the
%% active ones at most MostAsked are asked for their function, a run of them, another one each time: all at once and by a
%% process each, since each answers when its turn comes; Patience: ms for all of them. Those of this connection, which have
%% its group leader, are left out.
fun(Known, N, {Most, MostAsked, Patience}) ->
    At = erlang:monotonic_time(microsecond),
    Main = self(),
    Leader = group_leader(),
    %% It knows little, since it is copied for each.
    Ask = fun(Pid) -> Main ! {Pid, process_info(Pid, [current_function, group_leader])} end,
    Active = ets:match_spec_compile([{{'$1', {status, Status}}, [], ['$1']} || Status <- [running, runnable, garbage_collecting]]),
    Look = fun Again([], Found) -> lists:append(Found);
               Again(Pids, Found) ->
        {Some, Others} = lists:split(min(1000, length(Pids)), Pids),
        Statuses = lists:zipwith(fun erlang:process_info/2, Some, lists:duplicate(length(Some), status)),
        Again(Others, [ets:match_spec_run(lists:zip(Some, Statuses), Active) | Found])
    end,
    All = erlang:system_info(process_count),
    Looked = case All > Most of true -> Known; false -> processes() end,
    Found = Look(Looked -- [Main], []),
    Many = length(Found),
    Asked = case Many > MostAsked of
        true -> lists:sublist(lists:nthtail(erlang:phash2(At, Many - MostAsked + 1), Found), MostAsked);
        false -> Found
    end,
    Askers = [spawn_opt(erlang, apply, [Ask, [Pid]], [link]) || Pid <- Asked],
    Until = erlang:monotonic_time(millisecond) + Patience,
    Gather = fun Next(0, Said) -> Said;
                 Next(Left, Said) ->
        receive {Pid, Answer} when is_pid(Pid) -> Next(Left - 1, [Answer | Said])
        after max(0, Until - erlang:monotonic_time(millisecond)) -> Said
        end
    end,
    Begun = erlang:monotonic_time(microsecond),
    Said = Gather(length(Askers), []),
    Ended = erlang:monotonic_time(microsecond),
    lists:foreach(fun erlang:unlink/1, Askers),
    lists:foreach(fun(Asker) -> exit(Asker, kill) end, case length(Said) =:= length(Askers) of true -> []; false -> Askers end),
    Functions = ets:match_spec_run(Said, ets:match_spec_compile(
        [{[{'_', {'$1', '$2', '$3'}}, {'_', '$4'}], [{'=/=', '$4', {const, Leader}}], [{{'$1', '$2', '$3'}}]}])),
    Counts = lists:foldl(fun(F, Counted) -> maps:update_with(F, fun(C) -> C + 1 end, 1, Counted) end, #{}, Functions),
    First = lists:sublist(lists:reverse(lists:sort([{C, F} || {F, C} <- maps:to_list(Counts)])), N),
    {At, erlang:monotonic_time(microsecond) - At - (Ended - Begun), All, length(Looked), Many, length(Functions), First}
end.
