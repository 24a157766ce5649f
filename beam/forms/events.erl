%% What happened since it was last asked, with a number: {Number, At, Own, Slot, Dropped, Events}, times in us, Own and Dropped
%% since the start, of each event {At, Message, Ours}, the last one first. At most Most of them are kept from one question to
%% the next, the rest is counted. Ours: whether a process of this connection is meant, [] where that is not known: they all
%% have its group leader. Somebody beside asks, since whoever is inside of a long BIF answers late.
%% Nodes that come and go are monitored here. The VM's own events (erlang:system_monitor/2) go to a process beside, since they
%% may come in floods: after Most of them it ends, which gives the slot back and frees what waits in its mailbox, in native
%% code; and with the next question another takes its place. It ends with this one, which ends with the connection.
%% The slot belongs to whoever holds it. A session of one's own (trace:system/3, OTP 28) is not taken instead: OTP 29 (erts
%% 17.1.1) breaks down when one that reports is freed with its process, which is how ours end when a connection is cut.
%% Tags are atoms that each VM has.
fun(Us, Most, Options) ->
    Parent = self(),
    Pass = fun Pass(0) ->
            Parent ! {exit, self(), element(2, process_info(self(), message_queue_len))};
        Pass(Left) ->
            receive
                more -> Pass(Most);
                Event -> Parent ! {monitor, erlang:monotonic_time(microsecond), Event}, Pass(Left - 1)
            end
    end,
    Take = fun() ->
        case erlang:system_monitor(self(), Options) of
            undefined -> Pass(Most);
            %% Somebody took it since it was looked at.
            {Other, Theirs} -> erlang:system_monitor(Other, Theirs), Parent ! {exit, self(), 0}
        end
    end,
    Start = fun() -> spawn_opt(Take, [link, {priority, high}, {message_queue_data, off_heap}]) end,
    Stop = fun(none) -> none; (P) -> unlink(P), exit(P, kill), none end,
    %% Who takes the events from now on, and what is said of it.
    Held = fun(P) ->
        case erlang:system_monitor() of
            {P, _} -> P ! more, {P, true};
            undefined -> Stop(P), {Start(), true};
            {Other, Of} ->
                Name = try element(2, process_info(Other, registered_name)) catch _:_ -> [] end,
                {Stop(P), {Other, Name, Of}}
        end
    end,
    Node = node(Us),
    Asker = spawn_opt(fun() -> (fun Ask() ->
        receive Subject -> Parent ! {self(), try node(element(2, process_info(Subject, group_leader))) =:= Node catch _:_ -> [] end} end,
        Ask()
    end)() end, [link]),
    %% Late, while the last question waits for its answer.
    Ours = fun(_, late) -> late;
        (Subject, _) -> Asker ! Subject, receive {Asker, Found} -> Found after 50 -> late end
    end,
    net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]),
    (fun Loop(P, Own, Kept, Dropped, Events, Waits) ->
        receive
            N when is_integer(N) ->
                At = erlang:monotonic_time(microsecond),
                {Next, Slot} = Held(P),
                erlang:send(Us, {N, At, Own, Slot, Dropped, Events}, [noconnect]),
                Loop(Next, Own + erlang:monotonic_time(microsecond) - At, 0, Dropped, [], Waits);
            {Asker, _} ->
                Loop(P, Own, Kept, Dropped, Events, []);
            {exit, P, Lost} ->
                Loop(none, Own, Kept, Dropped + Lost, Events, Waits);
            {exit, _, Lost} ->
                Loop(P, Own, Kept, Dropped + Lost, Events, Waits);
            _ when Kept >= Most ->
                Loop(P, Own, Kept, Dropped + 1, Events, Waits);
            {monitor, At, Event} when is_integer(At) ->
                Found = Ours(element(2, Event), Waits),
                Said = case Found of late -> []; _ -> Found end,
                Loop(P, Own, Kept + 1, Dropped, [{At, Event, Said} | Events], Found);
            {Way, Name, Why} when Way =:= nodeup; Way =:= nodedown ->
                At = erlang:monotonic_time(microsecond),
                Short = case erlang:external_size(Why) > 1000 of true -> []; false -> Why end,
                Loop(P, Own + erlang:monotonic_time(microsecond) - At, Kept + 1, Dropped, [{At, {Way, Name, Short}, []} | Events], Waits);
            _ ->
                Loop(P, Own, Kept, Dropped, Events, Waits)
        end
    end)(none, 0, 0, 0, [], [])
end.
