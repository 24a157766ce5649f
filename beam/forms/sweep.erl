%% Keeps the sweep going: owns the table of sweep_passes.erl, starts the process that looks (linked to it), and hears us:
%% {limit, Limit}. Keys of its own in the table:
%%   limit: {limit, Limit}; left: {left, [{Pid, Until}]}: those that are left out, and until when (monotonic us).
%%
%% Us: our pid. Limit: {Share, Beyond, Slow, Least}: what passes may cost: shares in 1:100,000 of a core, times in us.
%% Passes: what erl_eval makes the sweeper of, [Call, Bindings, none]. As data and not as a fun: what funs share is copied once for
%% each of them when a process is started.
fun(Us, Limit, Passes) ->
    Table = ets:new(table, [public]),
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    ets:insert(Table, [{limit, Limit}, {left, []}, {place, Now(), 0, {{0, 0, 0}, 0}}]),
    [Call, Bindings | Options] = Passes,
    Sweeper = fun() -> spawn_opt(erl_eval, expr, [Call, Bindings#{ok => Table} | Options], [link, {min_heap_size, 400000}]) end,
    (fun Keep(_) ->
        receive {limit, New} -> ets:insert(Table, {limit, New}) end,
        Keep(Us)
    end)(Sweeper())
end.
