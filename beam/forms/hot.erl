%% Looks at the processes that it is told, all at once: {Number, 1, Pids} reads what changes, {Number, 2, Pids} introduces
%% them, and 0 for Pids means those of the last reading. It answers {Number, At, Work, Stuck, Rows}: moment (monotonic us),
%% us of work so far, those that did not answer, and a row for each pid.
%%
%% A row of a reading is {Mailbox, Reductions, Status, Memory, Binaries} in words; without the last two where the mailbox is
%% long, since the collector's numbers walk it; [] for the dead; 1 where nothing changed since the last reading.
%% A row of an introduction is [Registered, InitialCall, Label, Name, Parent, Ours], [] for what is not known; Ours: whether it
%% is of this connection, as all are that have its group leader.
%%
%% A process inside of a long BIF answers nobody until it returns. So the looking is done by a worker, and who holds it
%% up is found by looks of their own, and left out of ten readings.
%%
%% Reader: what erl_eval makes the worker of hot_read.erl of, [Call, Bindings, none]. As data and not as a fun: what funs share is
%% copied once for each of them when a process is started.
fun(Us, [Call, Bindings | Options]) ->
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    Changed = ets:match_spec_compile([{{'$1', '$1'}, [], [1]}, {{'$1', '_'}, [], ['$1']}]),
    Main = self(),
    Start = fun() -> put(process_info, spawn_opt(erl_eval, expr, [Call, Bindings#{error => Main} | Options], [link])) end,
    Start(),
    %% Those that have not answered a look of their own within a while.
    Silent = fun(Pids) ->
        Start = fun(Pid) -> {element(2, spawn_opt(erlang, process_info, [Pid, status], [link, monitor])), Pid} end,
        Asked = lists:map(Start, Pids),
        receive after 200 -> ok end,
        lists:foldl(fun({Monitor, Pid}, Left) ->
            receive {'DOWN', Monitor, _, _, _} -> Left after 0 -> erlang:demonitor(Monitor, [flush]), [Pid | Left] end
        end, [], Asked)
    end,
    %% At most so many tries. Those that are stuck are replaced by the worker itself.
    Try = fun Again(Tries, What, Pids, Stuck) ->
        Asked = case Stuck of [] -> Pids; _ -> [case lists:keymember(P, 1, Stuck) of true -> Main; false -> P end || P <- Pids] end,
        Worker = get(process_info),
        Worker ! {What, Asked},
        receive
            {Worker, At, Work, Rows1} -> {At, Work, Stuck, Rows1}
        after 700 ->
            unlink(Worker),
            exit(Worker, kill),
            Start(),
            receive {Worker, _, _, _} -> ok after 0 -> ok end,
            case Tries of
                0 -> {Now(), 0, [{P, 10} || P <- Pids], []};
                _ -> Again(Tries - 1, What, Pids, [{P, 10} || P <- Silent(Pids -- [P || {P, _} <- Stuck])] ++ Stuck)
            end
        end
    end,
    (fun Loop(Before, Last, Stuck0, Work0) ->
        receive {Number, What, Asked} ->
            Pids = case Asked of 0 -> Before; _ -> Asked end,
            {At, Work, Stuck, Rows1} = Try(2, What, Pids, [{P, N - 1} || {P, N} <- Stuck0, N > 1]),
            Sent = case Asked of
                0 when length(Last) =:= length(Rows1) -> ets:match_spec_run(lists:zip(Rows1, Last), Changed);
                _ -> Rows1
            end,
            Us ! {Number, At, Work0 + Work, [P || {P, _} <- Stuck], Sent},
            case What of 1 -> Loop(Pids, Rows1, Stuck, Work0 + Work); _ -> Loop(Before, Last, Stuck, Work0 + Work) end
        end
    end)([], [], [], 0)
end.
