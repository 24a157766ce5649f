%% Puts those that were born into chunks of the table of sweep_passes.erl: in a process of its own, whose heap goes away.
%% Sweeper: who looks; it and we are left out.
fun(Table, Sweeper) ->
    Never = 1 bsl 58,
    Unlooked = Never + 1,
    Size = 8000,
    Now = erlang:monotonic_time(microsecond),
    [ets:delete(Table, Key) || I <- ets:select(Table, [{{'$1', '_', {}, '_', '_'}, [], ['$1']}]), Key <- [I, -I]],
    Out = [P || {P, _} <- ets:lookup_element(Table, left, 2)],
    And = fun(Tuple, N, Item) -> list_to_tuple(tuple_to_list(Tuple) ++ lists:duplicate(N, Item)) end,
    Add = fun(I, Mine) ->
        [{_, At, P, R, L}] = ets:lookup(Table, I),
        [{_, {Then, M, B, W}}] = ets:lookup(Table, -I),
        N = length(Mine),
        State = case L of Unlooked -> Never; _ -> {Never, Unlooked} end,
        ets:insert(Table, [{I, At, list_to_tuple(tuple_to_list(P) ++ Mine), And(R, N, State), L},
                           {-I, {Then, And(M, N, Never), And(B, N, Never), And(W, N, -1)}}])
    end,
    %% Sorted: of a million `--` takes a hundred times as long. processes() nearly is, and so are chunks.
    {_, Chunks} = lists:unzip(lists:sort(ets:select(Table, [{{'$1', '_', '$2', '_', '_'}, [], [{{'$1', '$2'}}]}]))),
    Old = lists:append(lists:map(fun erlang:tuple_to_list/1, Chunks)),
    New = ordsets:subtract(lists:sort(processes()), lists:sort(Old)) -- [self(), Sweeper | Out],
    Room = ets:select(Table, [{{'$1', '_', '$2', '_', '_'}, [{'<', {size, '$2'}, 7600}], [{{'$1', {size, '$2'}}}]}]),
    Last = lists:max([0 | ets:select(Table, [{{'$1', '_', '_', '_', '_'}, [{is_integer, '$1'}], ['$1']}])]),
    (fun Fill(_, _, []) -> ok;
         Fill([{I, N} | Is], Next, Pids) ->
            {Mine, Others} = lists:split(min(Size - N, length(Pids)), Pids),
            Add(I, Mine),
            Fill(Is, Next, Others);
         Fill([], Next, Pids) ->
            ets:insert(Table, [{Next, Now, {}, {}, Unlooked}, {-Next, {Now, {}, {}, {}}}]),
            Fill([{Next, 0}], Next + 1, Pids)
    end)(Room, Last + 1, New)
end.
