%% One process, for as long as it is looked at: {Number, Gap} -> {Number, Looks, Seen}, or {Number, Looks, undefined} where
%% it is gone. Between two requests it takes up to 10 looks more, so many milliseconds apart: cheap ones, for the counts.
%% What is long is cut here to 64, with its length; neighbours of a process that has very many are told seldom. What walks
%% the mailbox is asked where it is short, and of the dictionary a few keys leave, where the heap is small: it is copied.
fun(Us, Pid, Release) ->
    Plain = [registered_name, status, message_queue_len, reductions, current_stacktrace, garbage_collection, initial_call,
             priority, group_leader, trap_exit, message_queue_data, parent, heap_size, stack_size],
    Keys = ['$initial_call', '$ancestors', '$callers', '$process_label', process_name],
    Cut = fun(List) -> try {length(List), lists:sublist(List, 64)} catch _:_ -> {0, []} end end,
    Small = fun(Term) ->
        case erlang:external_size(Term) =< 512 of
            true -> Term;
            false -> unicode:characters_to_binary(io_lib:format("~0tP", [Term, 12], [{chars_limit, 200}]))
        end
    end,
    Told = fun
        ({_, {dictionary, Found}}) -> Found;
        ({{dictionary, Key}, Value}) -> {Key, Value};
        (Pair) -> Pair
    end,
    Kept = fun({Key, Value}) when Key =:= '$ancestors'; Key =:= '$callers' ->
                   {Length, Some} = Cut(Value),
                   {Key, {Length, lists:map(Small, Some)}};
              ({Key, Value}) -> {Key, Small(Value)}
           end,
    Named = fun(Pids) ->
        case registered() of
            Names when length(Names) =< 2000 ->
                maps:with(Pids, maps:from_list(lists:zip(lists:map(fun erlang:whereis/1, Names), Names)));
            _ -> #{}
        end
    end,
    Second = fun({_, Of}) -> Of; (Of) -> Of end,
    Held = fun(Sizes) ->
        lists:sum([element(2, lists:keyfind(Key, 1, Sizes)) || Key <- [heap_size, old_heap_size, mbuf_size]])
    end,
    Dictionary = fun(Heap) ->
        case true of
            _ when Release >= 27 ->
                case erlang:process_info(Pid, [label | [{dictionary, Key} || Key <- Keys]]) of
                    undefined -> undefined;
                    Pairs -> [Kept(Told(Pair)) || Pair <- Pairs, element(2, Pair) =/= undefined]
                end;
            _ when Heap =:= [] -> undefined;
            _ ->
                case Held(element(2, hd(Heap))) =< 250000
                     andalso erlang:process_info(Pid, dictionary) of
                    {_, All} ->
                        [Kept(Found) || Key <- Keys, Found <- [lists:keyfind(Key, 1, All)], Found =/= false];
                    _ -> undefined
                end
        end
    end,
    %% Whom a call of gen is to, of several that are monitored: the one that stands by itself in a slot of the topmost
    %% frames. All else of the stack stays here.
    %% (Lists, since bit syntax has erl_eval load a module, with atoms of its own.)
    Split = fun(Text, At) -> lists:map(fun erlang:binary_to_list/1, binary:split(Text, list_to_binary(At), [global])) end,
    Atom = fun(Text) -> list_to_existing_atom(lists:subtract(Text, "''''")) end,
    Meant = fun
        ("<" ++ _ = Text) -> try {process, list_to_pid(Text)} catch _:_ -> [] end;
        ("{" ++ Text) ->
            try
                [Name, Node] = Split(list_to_binary(lists:droplast(Text)), ","),
                case Atom(Node) =:= node() of
                    true -> {process, whereis(Atom(Name))};
                    false -> {process, {Atom(Name), Atom(Node)}}
                end
            catch _:_ -> []
            end;
        (Text) -> try {process, whereis(Atom(Text))} catch _:_ -> [] end
    end,
    Called = fun(Monitors) ->
        case erlang:process_info(Pid, backtrace) of
            {_, Text} ->
                Lines = lists:sublist(binary:split(Text, list_to_binary("\n"), [global]), 16),
                Slots = [lists:last(Split(Line, " ")) || Line <- Lines, byte_size(Line) < 300,
                                                        lists:prefix("y(", binary_to_list(Line))],
                case lists:usort([To || To <- lists:map(Meant, Slots), lists:member(To, Monitors)]) of
                    [One] -> One;
                    _ -> undefined
                end;
            _ -> undefined
        end
    end,
    Seen = fun(Round, Wait) ->
        Near = case Wait of 0 -> [links, monitors, monitored_by]; _ -> [] end,
        case erlang:process_info(Pid, Near ++ Plain) of
            undefined -> undefined;
            Info ->
                Value = fun(Key) -> element(2, lists:keyfind(Key, 1, Info)) end,
                Queue = Value(message_queue_len),
                Walked = case true of
                    _ when Queue =< 1000 -> [garbage_collection_info, memory];
                    _ when Queue =< 20000, Round =:= 0 -> [garbage_collection_info];
                    _ -> []
                end,
                Heap = case Walked =/= [] andalso erlang:process_info(Pid, Walked) of
                    Sizes when is_list(Sizes) -> Sizes;
                    _ -> []
                end,
                Kin = case Round rem 16 of 0 -> Dictionary(Heap); _ -> undefined end,
                Around = [{Key, Cut(Value(Key))} || Key <- Near],
                Pids = [Value(group_leader), Value(parent)]
                    ++ lists:flatmap(fun({_, {_, Some}}) -> lists:map(Second, Some) end, Around)
                    ++ case Kin of
                        undefined -> [];
                        _ -> lists:flatmap(fun({_, {_, Some}}) when is_list(Some) -> Some; (_) -> [] end, Kin)
                    end,
                Local = [{Name, erlang:whereis(Name)} || {Name, Node} <- Pids, is_atom(Name), Node =:= node()],
                Callee = case {Value(current_stacktrace), Near, Heap} of
                    {[{gen, do_call, _, _} | _], [_ | _], [{_, Parts} | _]} ->
                        case tl(Value(monitors)) =/= [] andalso Value(stack_size) =< 1000 andalso Held(Parts) =< 32768 of
                            true -> Called(Value(monitors));
                            false -> undefined
                        end;
                    _ -> undefined
                end,
                %% How much waits does not tell which link is busy: a send that would not suspend does, to a name that nobody
                %% can have (register/2). What comes of it is dropped there.
                Links = case Value(status) of
                    suspended ->
                        [{Node, try erlang:dist_get_stat(element(3, hd(ets:lookup(sys_dist, Node)))) catch _:_ -> [] end}
                         || Node <- lists:sublist(nodes(connected), 200), Node =/= node(Us),
                            erlang:send({undefined, Node}, [], [nosuspend, noconnect]) =:= nosuspend];
                    _ -> []
                end,
                Ports = case {Value(status), Value(current_stacktrace)} of
                    {Status, [Top | _]} when Status =:= suspended; element(1, Top) =:= prim_inet ->
                        [{Port, erlang:port_info(Port, queue_size)} || Port <- Pids, is_port(Port)];
                    _ -> []
                end,
                %% Items come in the order asked. Over all of them one library call: a comprehension costs 30 us for each.
                Rest = lists:keyreplace(current_stacktrace, 1, lists:nthtail(length(Near), Info),
                                        {current_stacktrace, lists:sublist(Value(current_stacktrace), 32)}),
                {Around ++ Rest, Heap, Kin, Named(Pids), Local, {Links, Ports}, Callee}
        end
    end,
    Glance = fun(Known) ->
        case erlang:process_info(Pid, [status, reductions]) of
            [{_, waiting}, Known] -> Known;
            undefined -> undefined;
            _ -> erlang:process_info(Pid, [status, current_function])
        end
    end,
    (fun Loop(Left, Gap, Looks, Known, Round, Wait) ->
        receive {Number, Next} ->
            All = Seen(Round, Wait),
            Us ! {Number, Looks, All},
            Many = case Wait =:= 0 andalso All =/= undefined of
                true -> lists:max(lists:map(fun({_, {N, _}}) -> N end, lists:sublist(element(1, All), 3)));
                false -> 0
            end,
            Loop(10, Next, [], [], Round + 1, case Wait of 0 -> min(Many div 2000, 60); _ -> Wait - 1 end)
        after case Left of 0 -> infinity; _ -> Gap end ->
            case Glance(Known) of
                undefined -> Loop(0, Gap, Looks, [], Round, Wait);
                Known -> Loop(Left - 1, Gap, [{element(1, hd(Looks)) + 1, element(2, hd(Looks))} | tl(Looks)], Known, Round, Wait);
                %% What it made of reductions to answer counts too: so they are asked after it.
                Look -> Loop(Left - 1, Gap, [{1, Look} | Looks], erlang:process_info(Pid, reductions), Round, Wait)
            end
        end
    end)(0, 50, [], [], 0, 0)
end.
