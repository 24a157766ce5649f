%% Calls what it is asked to, all in one answer, as long as it lives: {From, Calls} -> [{ok, Value} | {error, Class}].
%% It holds the flag by which the VM measures how busy its schedulers are (erlang:system_flag/2).
fun() ->
    erlang:system_flag(scheduler_wall_time, true),
    (fun Loop() ->
        receive {From, Number, Calls} ->
            Answers = [try {ok, apply(M, F, A)} catch Class:_ -> {error, Class} end || {M, F, A} <- Calls],
            From ! {Number, Answers}
        end,
        Loop()
    end)()
end.
