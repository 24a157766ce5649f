%% The links to other nodes, each time it is asked with a number: {Number, At, Own, NumberOfLinks, Links, Busy}, times in us,
%% of each link {{Node, State, Type, Address}, Stat, PortStat}, of more than Most those first for which something waits.
%% Links are records of net_kernel, whose first fields have stood since OTP 24: node, conn_id, state, owner, ctrlr,
%% pending_owner, address, waiting, type. What is no such record is left out.
%% Busy are the nodes to which who sends is suspended. How much waits does not tell that: with a socket that takes no more, a
%% link that was full stays busy with less. So where something waits, a send that would not suspend is tried, to a name that
%% nobody can have (register/2): what comes of it is dropped there.
%% Of a link over TLS the controller is a process (tls_sender). Its socket is linked to one (tls_connection) that shares a
%% supervisor with it: looked for once, two links far, but not beyond net_kernel, to which all are linked.
fun(Us, Most) ->
    Field = fun(N) -> {element, N, '$1'} end,
    Spec = [{'$1', [{'>', {size, '$1'}, 9}, {'==', Field(1), connection}],
             [{{{{Field(2), Field(4), Field(10), Field(8)}}, Field(3), Field(6)}}]}],
    Waiting = ets:match_spec_compile([{{'_', {ok, '_', '_', '$1'}, '_'}, [{'>', '$1', 0}], ['$_']}]),
    %% All in native code; only where one of them is gone meanwhile, one by one.
    Each = fun(Ask, Items) ->
        try lists:map(Ask, Items) catch _:_ -> [try Ask(I) catch _:_ -> [] end || I <- Items] end
    end,
    Counters = [recv_oct, recv_cnt, send_oct, send_cnt],
    Counted = fun(Sockets) ->
        try lists:zipwith(fun inet:getstat/2, Sockets, lists:duplicate(length(Sockets), Counters))
        catch _:_ -> [try inet:getstat(S, Counters) catch _:_ -> [] end || S <- Sockets] end
    end,
    Linked = fun(Pid) -> try element(2, process_info(Pid, links)) catch _:_ -> [] end end,
    Socket = fun(Pid) ->
        Near = fun(All) -> [P || P <- All, is_pid(P), node(P) =:= node(), P =/= whereis(net_kernel)] end,
        First = Near(Linked(Pid)),
        Further = lists:append([Linked(P) || P <- First]),
        Furthest = lists:append([Linked(P) || P <- lists:usort(Near(Further))]),
        case lists:filter(fun erlang:is_port/1, lists:append(Further, Furthest)) of [S | _] -> S; [] -> none end
    end,
    (fun Loop(Own, Known) ->
        receive
            N when is_integer(N) ->
                At = erlang:monotonic_time(microsecond),
                {Heads, Ids, Controllers} = lists:unzip3(ets:select(sys_dist, Spec)),
                Processes = lists:filter(fun erlang:is_pid/1, Controllers),
                New = [{P, Socket(P)} || P <- Processes, not is_map_key(P, Known)],
                Sockets = maps:merge(maps:with(Processes, Known), maps:from_list(New)),
                Ports = case Processes of
                    [] -> Controllers;
                    _ -> [maps:get(C, Sockets, C) || C <- Controllers]
                end,
                Links = lists:zip3(Heads, Each(fun erlang:dist_get_stat/1, Ids), Counted(Ports)),
                All = length(Links),
                Wait = lists:sublist(ets:match_spec_run(Links, Waiting), Most),
                Busy = [Node || {{Node, _, _, _}, _, _} <- Wait,
                                erlang:send({undefined, Node}, [], [nosuspend, noconnect]) =:= nosuspend],
                Said = case All > Most of
                    true -> lists:sublist(lists:append(Wait, Links), Most);
                    false -> Links
                end,
                erlang:send(Us, {N, At, Own, All, Said, Busy}, [noconnect]),
                Loop(Own + erlang:monotonic_time(microsecond) - At, Sockets);
            _ ->
                Loop(Own, Known)
        end
    end)(0, #{})
end.
