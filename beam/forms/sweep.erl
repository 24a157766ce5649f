%% The sweep: passes over all processes, a chunk of 500 at a time, with items that wake nobody.
%%
%% Two processes. The keeper (linked to us) owns the table and hears us; the sweeper (linked to the keeper) looks.
%% Keys of the table: {limit, ...} what a pass may cost; {place, ...} where the sweeper is; and one row for each chunk:
%%   {I, At, Pids, Reductions, Looks}: tuples of as many items; At: monotonic us of the last look.
%% A process that was never looked at has Never as its reductions, and Never bsl 20 + 1 as its looks. Else its looks are
%% Mailbox bsl 20 + History; History is a 1 and then a bit for each of the last 8 looks (1: active), so 1 to 511.
%% Us: our pid. Limit: {Share, Beyond, Slow, Least, Most}, shares in 1:100,000 of a core, times in us (SweepBudget). K: rows of each order. Shares: two tuples that give
%% the active share in per mille by History before the look, where the look finds it idle, and active.
fun(Us, Limit, K, Idle, Active) ->
    Never = 1 bsl 38,
    Size = 500,
    Table = ets:new(table, [public]),
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    Look = fun erlang:process_info/2,
    ets:insert(Table, [{limit, Limit}, {place, 0, Now()}]),
    Compile = fun ets:match_spec_compile/1,
    Info = fun(Status) -> [{'_', '$4'}, {'_', '$5'}, {'_', Status}] end,
    Entry = fun(Status) -> {{'$1', '$2', '$3'}, Info(Status)} end,
    Reductions = Compile([{Info('_'), [], ['$5']}]),
    Alive = Compile([{{'_', ['_' | '_']}, [], ['$_']}]),
    Told = Compile([{{'_', '$1'}, [], ['$1']}]),
    Pid = Compile([{{{'$1', '_', '_'}, '_'}, [], ['$1']}]),
    Shifted = fun(Bit) ->
        fun(Status) ->
            Twice = {'+', {'bsl', {'band', '$3', 511}, 1}, Bit},
            Mailbox = {'bsl', '$4', 20},
            [{Entry(Status), [{'<', {'band', '$3', 511}, 256}], [{'+', Mailbox, Twice}]},
             {Entry(Status), [], [{'+', {'+', Mailbox, 256}, {'band', Twice, 255}}]}]
        end
    end,
    Still = lists:append(lists:map(Shifted(0), [waiting, suspended, exiting])),
    Looks = Compile([{{{'_', '_', 256}, [{'_', 0}, {'_', '_'}, {'_', waiting}]}, [], [256]} | Still] ++ (Shifted(1))('_')),
    %% Their sum has the number in each status, in fields of 24 bits.
    Field = fun(Status, N) -> {Info(Status), [], [1 bsl (24 * N)]} end,
    Statuses = Compile(lists:zipwith(Field, [running, runnable, garbage_collecting, suspended, exiting], lists:seq(0, 4))),
    Suspended = Compile([{Entry(suspended), [], [{{'$1', '$4', '$3', '$5', '$2', suspended}}]}]),
    %% What may be among the first of an order: more than the last of them so far.
    May = fun([Mailbox, Growth, Share, Rate], Elapsed) ->
        Clause = fun(Status, Told1, Shares, If) ->
            Guard = {'orelse', {'>', '$4', Mailbox}, {'>', {'-', '$4', {'bsr', '$3', 20}}, Growth * Elapsed div 1000000000},
                     {'>', {'-', '$5', '$2'}, Rate * Elapsed div 1000000000},
                     {'>', {element, {'band', '$3', 511}, {const, Shares}}, Share}},
            {Entry(Status), [If, Guard], [{{'$1', '$4', '$3', '$5', '$2', Told1}}]}
        end,
        Compile([Clause(waiting, waiting, Idle, true), Clause('$6', '$6', Active, {'=/=', '$6', waiting})])
    end,
    %% Rows are {{Pid, Mailbox, LooksBefore, Reductions, ReductionsBefore, Status}, {At, AtBefore}}; ranked ones are {-Value, Row}.
    Row = fun(Status) -> {{'_', '$1', '$2', '$3', '$4', Status}, {'$5', '$6'}} end,
    Ranked = fun(Value) -> [{{{'-', 0, Value}, '$_'}}] end,
    PerSecond = fun(N) -> {'div', {'*', N, 1000000000}, {'-', '$5', '$6'}} end,
    Grew = {'-', '$1', {'bsr', '$2', 20}},
    Worked = {'-', '$3', '$4'},
    ShareOf = fun(Shares) -> Ranked({element, {'band', '$2', 511}, {const, Shares}}) end,
    Orders = [
        Compile([{Row('_'), [{'>', '$1', 0}], Ranked('$1')}]),
        Compile([{Row('_'), [{'>', Grew, 0}], Ranked(PerSecond(Grew))}]),
        Compile([{Row(waiting), [], ShareOf(Idle)}, {Row(suspended), [], ShareOf(Idle)}, {Row(exiting), [], ShareOf(Idle)},
                 {Row('_'), [], ShareOf(Active)}]),
        Compile([{Row('_'), [{'>', Worked, 0}], Ranked(PerSecond(Worked))}])],
    First = fun(Order, Best, Rows) -> lists:sublist(lists:merge(Best, lists:sort(ets:match_spec_run(Rows, Order))), K) end,
    Floor = fun(Best) -> case length(Best) of K -> -element(1, lists:last(Best)); _ -> 0 end end,
    Keys = [{{'$1', '_', '_', '_', '_'}, [{is_integer, '$1'}], ['$1']}],
    %% The born, into chunks: by a process of its own, whose heap goes away. What has no process left goes.
    Born = fun(Sweeper) ->
        ets:match_delete(Table, {'_', '_', {}, '_', '_'}),
        Known = lists:map(fun erlang:tuple_to_list/1, ets:select(Table, [{{'_', '_', '$1', '_', '_'}, [], ['$1']}])),
        New = processes() -- lists:append([[self(), Sweeper] | Known]),
        Sizes = ets:select(Table, [{{'$1', '_', '$2', '_', '_'}, [{'<', {size, '$2'}, 400}], [{{'$1', {size, '$2'}}}]}]),
        Of = fun(Pids, Item) -> lists:duplicate(length(Pids), Item) end,
        Left = lists:foldl(
            fun(_, []) -> [];
               ({I, N}, Pids) ->
                {Mine, Others} = lists:split(min(Size - N, length(Pids)), Pids),
                [{_, At, P, R, L}] = ets:lookup(Table, I),
                And = fun(Tuple, Items) -> list_to_tuple(tuple_to_list(Tuple) ++ Items) end,
                ets:insert(Table, {I, At, And(P, Mine), And(R, Of(Mine, Never)), And(L, Of(Mine, Never bsl 20 + 1))}),
                Others
            end, New, Sizes),
        (fun Chunk(_, []) -> ok;
             Chunk(I, Pids) ->
                {Mine, Others} = lists:split(min(Size, length(Pids)), Pids),
                Tuple = fun(Item) -> erlang:make_tuple(length(Mine), Item) end,
                ets:insert(Table, {I, Now(), list_to_tuple(Mine), Tuple(Never), Tuple(Never bsl 20 + 1)}),
                Chunk(I + 1, Others)
        end)(lists:max([0 | ets:select(Table, Keys)]) + 1, Left)
    end,
    %% How long a pass is to take that works so long.
    Period = fun(Work) ->
        {Share, Beyond, Slow, Least} = ets:lookup_element(Table, limit, 2),
        max(Least, max(min(Work * 100000 div Share, Slow), Work * 100000 div Beyond))
    end,
    Asked = lists:duplicate(Size, [message_queue_len, reductions, status]),
    %% One chunk: {N, Mailboxes, Statuses, Bests, Suspended, {Floors, Elapsed, Spec}} with what is found in it.
    Chunk = fun(I, {N, Mailboxes, InStatus, Bests, Halted, Filter}) ->
        Before = ets:lookup_element(Table, I, 2),
        At = max(Now(), Before + 1),
        ets:insert(Table, {place, I, At}),
        [{_, _, Ps, Rs, Ls}] = ets:lookup(Table, I),
        Pids = tuple_to_list(Ps),
        Infos = lists:zipwith(Look, Pids, lists:sublist(Asked, tuple_size(Ps))),
        All = lists:zip(lists:zip3(Pids, tuple_to_list(Rs), tuple_to_list(Ls)), Infos),
        Seen = ets:match_spec_run(All, Looks),
        %% Those that died since are not in it.
        {Found, Those, Entries} = case length(Seen) =:= tuple_size(Ps) of
            true -> {Infos, Ps, All};
            false ->
                Living = ets:match_spec_run(All, Alive),
                {ets:match_spec_run(Living, Told), list_to_tuple(ets:match_spec_run(Living, Pid)), Living}
        end,
        ets:insert(Table, {I, At, Those, list_to_tuple(ets:match_spec_run(Found, Reductions)), list_to_tuple(Seen)}),
        {Floors, For, _} = Filter,
        Elapsed = At - Before,
        {_, _, Spec} = Filter1 = case Elapsed < For orelse Elapsed > 2 * For of
            true -> {Floors, Elapsed * 9 div 10, May(Floors, Elapsed * 9 div 10)};
            false -> Filter
        end,
        Statused = ets:match_spec_run(Found, Statuses),
        Halted1 = case Halted =:= [] orelse length(Halted) < 50 of
            true when Statused =/= [] ->
                Rows0 = ets:match_spec_run(Entries, Suspended),
                Halted ++ lists:sublist(lists:zip(Rows0, lists:duplicate(length(Rows0), {At, Before})), 50 - length(Halted));
            _ -> Halted
        end,
        {Bests1, Filter2} = case ets:match_spec_run(Entries, Spec) of
            [] -> {Bests, Filter1};
            Some ->
                Rows = lists:zip(Some, lists:duplicate(length(Some), {At, Before})),
                Better = lists:zipwith(fun(Order, Best) -> First(Order, Best, Rows) end, Orders, Bests),
                Higher = lists:map(Floor, Better),
                {Better, case Higher of
                    Floors -> Filter1;
                    _ -> {Higher, element(2, Filter1), May(Higher, element(2, Filter1))}
                end}
        end,
        {N + tuple_size(Those), Mailboxes + (lists:sum(Seen) bsr 20), InStatus + lists:sum(Statused), Bests1, Halted1, Filter2}
    end,
    %% All chunks, spread over the period. Paid: us of work so far.
    Chunks = fun Rest([], _, _, _, Paid, Found) -> {Paid, Found};
                 Rest([I | Is], Done, Began, Slice, Paid, Found) ->
        Start = Now(),
        Found1 = Chunk(I, Found),
        End = Now(),
        receive after max(0, (Began + (Done + 1) * Slice - End) div 1000) -> ok end,
        Rest(Is, Done + 1, Began, Slice, Paid + End - Start, Found1)
    end,
    Passes = fun Pass(Number, Work) ->
        Began = Now(),
        Sweeper = self(),
        {_, Monitor} = spawn_opt(fun() -> Born(Sweeper) end, [link, monitor]),
        receive {'DOWN', Monitor, _, _, normal} -> ok end,
        Paid = Now() - Began,
        Is = ets:select(Table, Keys),
        Whole = Period(Work),
        Empty = {0, 0, 0, [[], [], [], []], [], {[0, 0, 0, 0], 1, May([0, 0, 0, 0], 1)}},
        {Spent, {N, Mailboxes, InStatus, Bests, Halted, _}} =
            Chunks(lists:sort(Is), 0, Began, Whole div max(1, length(Is)), Paid, Empty),
        Ended = Now(),
        Rows = lists:usort([Row1 || {_, Row1} <- lists:append(Bests)] ++ Halted),
        Us ! {report, Number, {Began, Ended, Whole, Spent}, {N, Mailboxes, InStatus}, Rows},
        receive after max(0, (Began + Whole - Ended) div 1000) -> ok end,
        Pass(Number + 1, Spent)
    end,
    spawn_opt(fun() -> Passes(1, 2 * erlang:system_info(process_count)) end, [link, {min_heap_size, 50000}]),
    (fun Keep() ->
        receive {limit, New} -> ets:insert(Table, {limit, New}) end,
        Keep()
    end)()
end.
