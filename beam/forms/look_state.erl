%% The state of a server (What is 1) or the dictionary of any process (2), printed and cut: {ok, Text, IsCut}; or why not:
%% {1, undefined} gone, {2, Messages} in its mailbox, {3, Bytes} of heap, {4, Function} it is in, {5, Reason} of sys.
%%
%% A process that does not answer system messages would keep the request in its mailbox for ever: asked is only who waits
%% in the loop of a behaviour of OTP at this moment. Whoever answers copies its state: so the heap must be small.
fun(Pid, What, Time) ->
    Printed = fun(Term) ->
        All = lists:flatten(io_lib:format("~0tP", [Term, 60], [{chars_limit, 4000}])),
        Text = unicode:characters_to_binary(lists:sublist(All, 4000)),
        case byte_size(Text) =< 4096 of
            true -> {ok, Text, length(All) > 4000};
            false -> {ok, unicode:characters_to_binary(lists:sublist(All, 1000)), length(All) > 1000}
        end
    end,
    Bytes = fun(Sizes) ->
        8 * lists:sum([element(2, lists:keyfind(Key, 1, Sizes)) || Key <- [heap_size, old_heap_size, mbuf_size]])
    end,
    Loops = fun
        ([{Module, _, _, _} | Below]) ->
            lists:member(Module, [gen_server, gen_statem, gen_event])
                andalso lists:all(fun(Frame) -> element(1, Frame) =:= proc_lib end, Below);
        (_) -> false
    end,
    case erlang:process_info(Pid, message_queue_len) of
        undefined -> {1, undefined};
        {_, Queue} when Queue > 100 -> {2, Queue};
        _ ->
            case erlang:process_info(Pid, [garbage_collection_info, status, current_stacktrace]) of
                undefined -> {1, undefined};
                [{_, Sizes}, {_, Status}, {_, Stack}] ->
                    case {Bytes(Sizes), Stack} of
                        {Large, _} when Large > 262144 -> {3, Large};
                        _ when What =:= 2 ->
                            case erlang:process_info(Pid, dictionary) of
                                {_, Pairs} -> Printed(Pairs);
                                _ -> {1, undefined}
                            end;
                        {_, [Top | _]} ->
                            case Status =:= waiting andalso Loops(Stack) of
                                true ->
                                    try sys:get_state(Pid, Time) of State -> Printed(State)
                                    catch _:{Reason, _} when is_atom(Reason) -> {5, Reason}; _:_ -> {5, error}
                                    end;
                                false -> {4, Top}
                            end;
                        _ -> {4, []}
                    end
            end
    end
end.
