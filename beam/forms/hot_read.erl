%% Looks at processes for hot.erl, which starts it and replaces it where one of them holds it up: told {What, Pids}, it answers
%% {Self, At, Work, Rows}. What is read and how rows are made of it: see there.
%%
%% Us: a process of the connection. Label, RabbitName: keys of dictionaries, as binaries: they are atoms where somebody uses
%% them. They are no literals here, since a VM that evaluates one loads what evaluates all that is written so, with 45 atoms.
fun(Main, Us, Label, RabbitName) ->
    Look = fun erlang:process_info/2,
    Cheap = [message_queue_len, reductions, status],
    Short = 100,
    {_, Numbers} = process_info(self(), garbage_collection_info),
    Places = [{old_heap_block_size, '$4'}, {heap_block_size, '$5'}, {mbuf_size, '$6'}, {bin_vheap_size, '$7'}, {bin_old_vheap_size, '$8'}],
    Pattern = [{Key, proplists:get_value(Key, Places, '_')} || {Key, _} <- Numbers],
    Infos = [{'_', '$1'}, {'_', '$2'}, {'_', '$3'}],
    Compile = fun ets:match_spec_compile/1,
    Dearer = Compile([{[{'_', '$1'}, '_', '_'], [{'<', '$1', Short}], [garbage_collection_info]}, {'_', [], [trap_exit]}]),
    Rows = Compile([
        {{Infos, {garbage_collection_info, Pattern}}, [],
         [{{'$1', '$2', '$3', {'+', '$4', {'+', '$5', '$6'}}, {'+', '$7', '$8'}}}]},
        {{Infos, '_'}, [], [{{'$1', '$2', '$3'}}]},
        {'_', [], [[]]}]),
    Read = fun(Pids) ->
        Found = lists:zipwith(Look, Pids, lists:duplicate(length(Pids), Cheap)),
        Sizes = lists:zipwith(Look, Pids, ets:match_spec_run(Found, Dearer)),
        ets:match_spec_run(lists:zip(Found, Sizes), Rows)
    end,
    Atom = fun(Name) -> try [binary_to_existing_atom(Name)] catch _:_ -> [] end end,
    Keys = ['$initial_call', '$ancestors'] ++ Atom(Label) ++ Atom(RabbitName),
    %% Single keys of the dictionary can be asked for since OTP 26.2.
    IsSingle = try process_info(self(), [{dictionary, '$ancestors'}]) of _ -> true catch _:_ -> false end,
    %% Else it is copied whole, so that its size is bounded before; and what tells that walks the mailbox, 4 ms for 100,000 messages.
    Whole = fun(Pid) ->
        case process_info(Pid, message_queue_len) of
            {_, Mailbox} when Mailbox =< 100000 ->
                Sizes = case process_info(Pid, garbage_collection_info) of {_, Of} -> Of; _ -> [] end,
                case proplists:get_value(heap_size, Sizes, 0) + proplists:get_value(old_heap_size, Sizes, 0) of
                    Words when Words < 1000000 -> process_info(Pid, dictionary);
                    _ -> []
                end;
            _ -> []
        end
    end,
    Dictionary = fun(Pid) ->
        case IsSingle of
            true -> [{Key, Value} || Key <- Keys, [{_, Value}] <- [process_info(Pid, [{dictionary, Key}])]];
            false -> case Whole(Pid) of {_, All} -> All; _ -> [] end
        end
    end,
    Text = fun(Term) ->
        Chars = try
            case Term of
                _ when is_binary(Term) -> unicode:characters_to_list(binary:part(Term, 0, min(400, byte_size(Term))));
                {_, {resource, Host, Kind, Name}} -> io_lib:format("~ts ~ts in ~ts", [Kind, Name, Host]);
                _ -> io_lib:format("~0tP", [Term, 15])
            end
        of Found when is_list(Found) -> Found; _ -> [] catch _:_ -> [] end,
        unicode:characters_to_binary(lists:sublist(lists:flatten(Chars), 200))
    end,
    Known = fun(Key, Of) -> case Key of [Name] -> case lists:keyfind(Name, 1, Of) of {_, undefined} -> []; {_, Value} -> Text(Value); _ -> [] end; _ -> [] end end,
    Introduce = fun(Pid) ->
        case process_info(Pid, [registered_name, initial_call, group_leader]) of
            [{_, Registered}, {_, Call}, {_, Leader}] ->
                Of = Dictionary(Pid),
                [Registered,
                 case lists:keyfind('$initial_call', 1, Of) of {_, {M, F, A}} when is_integer(A) -> {M, F, A}; _ -> Call end,
                 Known(Atom(Label), Of), Known(Atom(RabbitName), Of),
                 case lists:keyfind('$ancestors', 1, Of) of {_, [Parent | _]} when is_pid(Parent); is_atom(Parent) -> Parent; _ -> [] end,
                 node(Leader) =:= node(Us)];
            _ -> []
        end
    end,
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    (fun Loop() ->
        receive {What, Pids} ->
            At = Now(),
            Answer = case What of 1 -> Read(Pids); _ -> lists:map(Introduce, Pids) end,
            Main ! {self(), At, Now() - At, Answer}
        end,
        Loop()
    end)()
end.
