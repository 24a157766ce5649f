%% Looks at the processes that it is told, all at once: {Number, 1, Pids} reads what changes, {Number, 2, Pids} introduces
%% them, and 0 for Pids means those of the last reading. It answers {Number, At, Work, Stuck, Rows}: moment (monotonic us),
%% us of work so far, those that did not answer, and a row for each pid.
%%
%% A row of a reading is {Mailbox, Reductions, Status, Memory, Binaries} in words; without the last two where the mailbox is
%% long, since the collector's numbers walk it; [] for the dead; 1 where nothing changed since the last reading.
%% A row of an introduction is [Registered, InitialCall, Label, Name, Parent, Ours], [] for what is not known; Ours: whether it
%% is of this connection, as all are that have its group leader.
%%
%% A process inside of a long BIF answers nobody until it returns. So the looking is done by a worker, and who holds it
%% up is found by looks of their own, and left out of ten readings.
%%
%% Label, RabbitName: keys of dictionaries, as binaries: they are atoms where somebody uses them. They are no literals here,
%% since a VM that evaluates one loads what evaluates all that is written so, with 45 atoms.
fun(Us, Label, RabbitName) ->
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
    Changed = Compile([{{'$1', '$1'}, [], [1]}, {{'$1', '_'}, [], ['$1']}]),
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
    Main = self(),
    Job = fun(What, Pids) ->
        At = Now(),
        Answer = case What of 1 -> Read(Pids); _ -> lists:map(Introduce, Pids) end,
        Main ! {self(), At, Now() - At, Answer}
    end,
    %% Those that have not answered a look of their own within a while.
    Silent = fun(Pids) ->
        Start = fun(Pid) -> {element(2, spawn_opt(erlang, process_info, [Pid, status], [link, monitor])), Pid} end,
        Asked = lists:map(Start, Pids),
        receive after 200 -> ok end,
        lists:foldl(fun({Monitor, Pid}, Left) ->
            receive {'DOWN', Monitor, _, _, _} -> Left after 0 -> erlang:demonitor(Monitor, [flush]), [Pid | Left] end
        end, [], Asked)
    end,
    %% At most so many tries. Those that are stuck are replaced by the worker itself.
    Try = fun Again(Tries, What, Pids, Stuck) ->
        Asked = case Stuck of [] -> Pids; _ -> [case lists:keymember(P, 1, Stuck) of true -> Main; false -> P end || P <- Pids] end,
        {Worker, Monitor} = spawn_opt(fun() -> Job(What, Asked) end, [link, monitor]),
        Answer = receive
            {Worker, At, Work, Rows1} -> {At, Work, Stuck, Rows1};
            {'DOWN', Monitor, _, _, _} -> {Now(), 0, Stuck, []}
        after 700 -> unlink(Worker), exit(Worker, kill), 0 end,
        erlang:demonitor(Monitor, [flush]),
        receive {Worker, _, _, _} -> ok after 0 -> ok end,
        case Answer of
            0 when Tries > 0 -> Again(Tries - 1, What, Pids, [{P, 10} || P <- Silent(Pids -- [P || {P, _} <- Stuck])] ++ Stuck);
            0 -> {Now(), 0, [{P, 10} || P <- Pids], []};
            _ -> Answer
        end
    end,
    (fun Loop(Before, Last, Stuck0, Work0) ->
        receive {Number, What, Asked} ->
            Pids = case Asked of 0 -> Before; _ -> Asked end,
            {At, Work, Stuck, Rows1} = Try(2, What, Pids, [{P, N - 1} || {P, N} <- Stuck0, N > 1]),
            Sent = case Asked of
                0 when length(Last) =:= length(Rows1) -> ets:match_spec_run(lists:zip(Rows1, Last), Changed);
                _ -> Rows1
            end,
            Us ! {Number, At, Work0 + Work, [P || {P, _} <- Stuck], Sent},
            case What of 1 -> Loop(Pids, Rows1, Stuck, Work0 + Work); _ -> Loop(Before, Last, Stuck, Work0 + Work) end
        end
    end)([], [], [], 0)
end.
