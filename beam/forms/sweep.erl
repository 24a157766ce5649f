%% Keeps the sweep going: owns the table of sweep_passes.erl, starts the process that looks (linked to it), hears us:
%% {limit, Limit}, and timeout each second, for the sake of which it sees to it that nobody holds the looks up: timers of
%% its own may belong to a scheduler that is held up itself. Keys of its own in the table:
%%   limit: {limit, Limit}; left: {left, [{Pid, Until}]}: those that are left out, and until when (monotonic us).
%%
%% Us: our pid. Limit: {Share, Beyond, Slow, Least}: what passes may cost: shares in 1:100,000 of a core, times in us.
%% Passes: what erl_eval makes the sweeper of, [Call, Bindings, none]. As data and not as a fun: what funs share is copied once for
%% each of them when a process is started. Patience: {Late, Deadline}, us: when it looks who holds the sweeper up, and when it
%% replaces it.
fun(Us, Limit, Passes, Patience) ->
    Table = ets:new(table, [public]),
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    ets:insert(Table, [{limit, Limit}, {left, []}, {place, Now(), 0, {{0, 0, 0}, 0}}]),
    [Call, Bindings | Options] = Passes,
    {Late, Deadline} = Patience,
    Start = fun() -> spawn_opt(erl_eval, expr, [Call, Bindings#{ok => Table} | Options], [link, {min_heap_size, 1000000}]) end,
    Pids = fun(I) -> tuple_to_list(ets:lookup_element(Table, abs(I), 3)) end,
    %% Those that have not answered a look of their own; on a node that is busy all may take long.
    Unanswered = fun(Asked, For) ->
        %% Those that have come already say nothing of how long this takes.
        (fun Pass() -> receive timeout -> Pass() after 0 -> ok end end)(),
        receive timeout -> ok after For -> ok end,
        lists:filter(fun({Monitor, _}) -> receive {'DOWN', Monitor, _, _, _} -> false after 0 -> true end end, Asked)
    end,
    Ask = fun(Asked) ->
        Look = [fun erlang:process_info/2, Asked, lists:duplicate(length(Asked), status)],
        {element(2, spawn_opt(lists, zipwith, Look, [link, monitor])), Asked}
    end,
    Patient = fun(Asked) ->
        case Unanswered(lists:map(Ask, Asked), 300) of
            Many when length(Many) > 3 -> Unanswered(Many, 1500);
            Few -> Unanswered(Few, 300)
        end
    end,
    %% First some at a time, and then one by one where some have not answered.
    Silent = fun(I) ->
        Groups = (fun Split(Of) -> case length(Of) > 50 of true -> {Some, Others} = lists:split(50, Of), [Some | Split(Others)]; false -> [Of] end end)(Pids(I)),
        Suspects = Patient(Groups),
        Left = case length(Suspects) > 3 of
            true -> [];
            false -> Patient([[Pid] || {_, Some} <- Suspects, Pid <- Some])
        end,
        lists:foreach(fun({Monitor, _}) -> erlang:demonitor(Monitor, [flush]) end, Suspects ++ Left),
        [Pid || {_, [Pid]} <- Left]
    end,
    %% Whoever holds the sweeper up is left out for a while; in its place stands who is dead.
    Replaced = fun(Sweeper, I, Behind) ->
        Monitor = erlang:monitor(process, Sweeper),
        unlink(Sweeper),
        exit(Sweeper, kill),
        receive {'DOWN', Monitor, _, _, _} -> ok end,
        Others = [case lists:member(Pid, Behind) of true -> Sweeper; false -> Pid end || Pid <- Pids(I)],
        ets:update_element(Table, abs(I), {3, list_to_tuple(Others)}),
        [{_, {_, _, Period, _, _}, _}] = ets:lookup(Table, pass),
        Until = Now() + max(30000000, 3 * Period),
        ets:insert(Table, {left, [{Pid, Until} || Pid <- Behind] ++ ets:lookup_element(Table, left, 2)}),
        Start()
    end,
    Watch = fun(Sweeper, IsTold) ->
        [{_, Due, I, _}] = ets:lookup(Table, place),
        case Now() - Due of
            For when I =/= 0, For > Late ->
                case Silent(I) of
                    Behind when Behind =/= [], length(Behind) =< 3 ->
                        Us ! {timeout, Behind, For},
                        case ets:lookup_element(Table, place, 3) of
                            I when For > Deadline -> {Replaced(Sweeper, I, Behind), true};
                            _ -> {Sweeper, true}
                        end;
                    _ -> {Sweeper, IsTold}
                end;
            _ when IsTold ->
                Us ! {timeout, [], 0},
                {Sweeper, false};
            _ -> {Sweeper, false}
        end
    end,
    (fun Keep({Sweeper, IsTold}) ->
        receive
            {limit, New} ->
                ets:insert(Table, {limit, New}),
                Keep({Sweeper, IsTold});
            timeout -> Keep(Watch(Sweeper, IsTold))
        end
    end)({Start(), false})
end.
