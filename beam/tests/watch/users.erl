%% What the tests of active processes start: so many that do one thing over and over.
-module(users).
-export([of_one_table/1, spinning/1]).

%% Users of one key in a table that takes one writer at a time.
of_one_table(N) ->
    Asker = self(),
    spawn(fun() ->
        Table = ets:new(one_table, [public]),
        ets:insert(Table, {key, 0}),
        [spawn(fun() -> counting(Table) end) || _ <- lists:seq(1, N)],
        Asker ! ready,
        receive never -> ok end
    end),
    receive ready -> N end.

counting(Table) ->
    [{key, N}] = ets:lookup(Table, key),
    ets:update_counter(Table, key, N rem 3),
    counting(Table).

%% Some that only compute: their pids.
spinning(N) -> [spawn(fun spin/0) || _ <- lists:seq(1, N)].

spin() -> spin().
