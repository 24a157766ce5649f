%% Calls what it is given, once: [{Module, Function, Arguments}] -> [[Value] | []], nothing where the call failed.
fun(Calls) ->
    [try [apply(M, F, A)] catch _:_ -> [] end || {M, F, A} <- Calls]
end.
