%% What the whole VM says of itself, each time it is asked with a number: {Number, Monotonic, Wall, Own, Stats, Infos, Memory},
%% times in us. Own is the time that this has taken so far; by the clock, so with the time in which the scheduler ran others.
%% It holds the flag by which the VM measures how busy its schedulers are (erlang:system_flag/2). First it says which of the
%% arguments this release knows, so that later all are asked by native code, with no catch for each.
fun(Us, Stats, Infos) ->
    erlang:system_flag(scheduler_wall_time, true),
    Known = fun(Ask, All) ->
        [I || I <- All, try Ask(I) of _ -> true catch _:_ -> false end]
    end,
    S = Known(fun erlang:statistics/1, Stats),
    I = Known(fun erlang:system_info/1, Infos),
    erlang:send(Us, {S, I}, [noconnect]),
    (fun Loop(Own) ->
        receive
            N when is_integer(N) ->
                At = erlang:monotonic_time(microsecond),
                Memory = try erlang:memory() catch _:_ -> [] end,
                Said = {N, At, erlang:system_time(microsecond), Own,
                        lists:map(fun erlang:statistics/1, S), lists:map(fun erlang:system_info/1, I), Memory},
                erlang:send(Us, Said, [noconnect]),
                Loop(Own + erlang:monotonic_time(microsecond) - At);
            _ ->
                Loop(Own)
        end
    end)(0)
end.
