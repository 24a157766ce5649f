%% The sweep: passes over all processes, a chunk of 8000 at a time, with items that wake nobody. In a table of sweep.erl, which
%% watches it: for who asks a process inside of a long BIF waits until that returns. Keys of the table:
%%   I: {I, At, Pids, States, Looks}: a chunk, tuples of as many items; At: us (monotonic) of the last look. A state is the
%%     reductions where looks are those of the chunk, which found the process idle with nothing to read, else {Reductions, Looks}.
%%   -I: {-I, {At, Memory, Binaries, Reductions}}: the same chunk, as the collector counts, in words; and how far it was then.
%%   place: {place, Due, I, {Counts, Paid}}: at I from Due on. ranks: {ranks, Found}: what the pass found so far.
%%   pass: {pass, {Number, Began, Period, Parts, Works}, Todo}. limit, left: see sweep.erl.
%%   first: {first, {Floor, Most, Room}, Known}: which mailboxes are told before the pass ends: those above Floor, Room of them yet,
%%     and of the last half of these only such as are above Most, the longest that was told so; {Pid, Mailbox} are known.
%% Looks of a process are Mailbox bsl 36 + Halted bsl 27 + Active bsl 18 + History: how it was found last; History is a 1 and
%% then a bit for each of the last 8 looks (1: active), so 1 to 511, and 1 before the first look. Looks of the dead are 0.
%%
%% erl_eval goes through all bindings that a fun has for each argument of each call in it, and a fun has what it uses and
%% all that those use that were made before it. So what runs for each chunk is made first, and finds specs and the like in the
%% dictionary of its process.
%%
%% Us: our pid. K: rows of each order. Idle, Active: the rank by History before the look, where the look finds it idle, and
%% active. [Call, Bindings, none]: what erl_eval makes of sweep_born.erl. Table: of sweep.erl.
fun(Us, K, Idle, Active, [Call, Bindings | Options], Table) ->
    %% Ranking. A set of orders is {Bests, {Floors, For, Spec}}: of each order the first K so far as {-Value, Row}, and what
    %% picks those that may get among them: more than the last of them, over at least For us. Kind: of looks, or of sizes.
    put(first, fun(Order, Best, Rows) -> lists:sublist(lists:merge(Best, lists:sort(ets:match_spec_run(Rows, Order))), get(length)) end),
    put(floor, fun(Best) -> case length(Best) >= get(length) of true -> -element(1, lists:last(Best)); false -> 0 end end),
    put(select, fun(Kind, Floors, For) -> ets:match_spec_compile(hd(ets:match_spec_run([[For | Floors]], element(1, get(Kind))))) end),
    put(insert, fun(Kind, Entries, Moments, {Bests, {Floors, For, Spec}} = Set) ->
        case ets:match_spec_run(Entries, Spec) of
            [] -> Set;
            Some ->
                Rows = lists:zip(Some, lists:duplicate(length(Some), Moments)),
                Bests1 = lists:zipwith3(get(first), element(2, get(Kind)), Bests, [Rows, Rows, Rows, Rows]),
                case lists:map(get(floor), Bests1) of
                    Floors -> {Bests1, {Floors, For, Spec}};
                    Higher -> {Bests1, {Higher, For, (get(select))(Kind, Higher, For)}}
                end
        end
    end),
    put(sort, fun(Kind, Entries, {At, Before}, {Bests, {Floors, For, _}} = Set) ->
        case At - Before of
            Elapsed when Elapsed < For; Elapsed > 2 * For + 1 ->
                Less = Elapsed * 9 div 10,
                (get(insert))(Kind, Entries, {At, Before}, {Bests, {Floors, Less, (get(select))(Kind, Floors, Less)}});
            _ -> (get(insert))(Kind, Entries, {At, Before}, Set)
        end
    end),

    %% A look at a chunk: {Counts, Found}. Counts: {N, Messages, InStatus}; Found: {Set, Halted}.
    put(halt, fun(Entries, Moments, Others) ->
        Rows = lists:sublist(ets:match_spec_run(Entries, get(suspended)), max(0, 50 - length(Others))),
        lists:zip(Rows, lists:duplicate(length(Rows), Moments)) ++ Others
    end),
    put(update_element, fun(Infos, Entries, Seen, Moments, {N, Messages, InStatus}, {Set, Others}) ->
        Sum = lists:sum(Seen),
        {{N + case lists:member(0, Seen) of true -> length(ets:match_spec_run(Infos, get(alive))); false -> length(Seen) end,
          Messages + (Sum bsr 36),
          case Sum band (((1 bsl 18) - 1) bsl 18) of 0 -> InStatus; _ -> InStatus + lists:sum(ets:match_spec_run(Infos, get(status))) end},
         {(get(sort))(reductions, Entries, Moments, Set), case Sum band (511 bsl 27) of 0 -> Others; _ -> (get(halt))(Entries, Moments, Others) end}}
    end),
    %% Those that wait as before with nothing to read are not ranked, and nothing new is known of them.
    put(info, fun(I, {N, Messages, InStatus}, Found) ->
        [{_, Before, Ps, Ss, Ls}] = ets:lookup(get(table), I),
        At = max(erlang:monotonic_time(microsecond), Before + 1),
        Pids = tuple_to_list(Ps),
        Infos = lists:zipwith(get(process_info), Pids, lists:duplicate(tuple_size(Ps), [message_queue_len, reductions, status])),
        All = lists:zip3(tuple_to_list(Ss), Pids, Infos),
        {Others, States, _, Next} = get({Ls}),
        case ets:match_spec_run(All, Others) of
            [] ->
                ets:update_element(get(table), I, [{2, At}, {5, Next}]),
                {{N + tuple_size(Ps), Messages, InStatus}, Found};
            Entries ->
                ets:update_element(get(table), I, [{2, At}, {4, list_to_tuple(ets:match_spec_run(All, States))}, {5, Next}]),
                (get(update_element))(element(2, lists:unzip(Entries)), Entries, ets:match_spec_run(Entries, get(element)), {At, Before},
                    {N + tuple_size(Ps) - length(Entries), Messages, InStatus}, Found)
        end
    end),

    %% What the processes of a chunk hold. Those that did nothing since they were read last are not read. Here the dead drop out.
    put(delete, fun(I, Entries, Ss) ->
        Left = ets:match_spec_run(lists:zip(Entries, Ss), get(exit)),
        {Entries1, Ss1} = lists:unzip(Left),
        {Whos, _, _} = lists:unzip3(Entries1),
        ets:update_element(get(table), I, [{3, list_to_tuple(ets:match_spec_run(Whos, get(self)))}, {4, list_to_tuple(Ss1)}]),
        Entries1
    end),
    put(size, fun(I, Set) ->
        [{_, _, Ps, Ss, Ls}] = ets:lookup(get(table), I),
        [{_, {Before, Ms, Bs, Ws}}] = ets:lookup(get(table), -I),
        At = max(erlang:monotonic_time(microsecond), Before + 1),
        Pids = tuple_to_list(Ps),
        States = tuple_to_list(Ss),
        Held = lists:zip(tuple_to_list(Ms), tuple_to_list(Bs)),
        Whos = ets:match_spec_run(lists:zip(Pids, States), element(3, get({Ls}))),
        case Ss of
            Ws ->
                ets:insert(get(table), {-I, {At, Ms, Bs, Ws}}),
                (get(sort))(memory, lists:zip3(Whos, Held, Held), {At, Before}, Set);
            _ ->
                Asked = ets:match_spec_run(lists:zip(Whos, tuple_to_list(Ws)), get(garbage_collection)),
                Infos = lists:zipwith(get(process_info), Pids, Asked),
                Entries = lists:zip3(Whos, ets:match_spec_run(lists:zip(Infos, Held), get(garbage_collection_info)), Held),
                Living = case lists:member({0, 0}, States) of true -> (get(delete))(I, Entries, States); false -> Entries end,
                {Whos1, Held1, _} = lists:unzip3(Living),
                {Ms1, Bs1} = lists:unzip(Held1),
                ets:insert(get(table), {-I, {At, list_to_tuple(Ms1), list_to_tuple(Bs1), list_to_tuple(ets:match_spec_run(Whos1, get(process_flag)))}}),
                (get(sort))(memory, Living, {At, Before}, Set)
        end
    end),

    %% Mailboxes that are told at once: what came among the first of their order in this step.
    put(send, fun(Number, Some) ->
        [{_, {Floor, Most, Room}, Known}] = ets:lookup(get(table), first),
        {Above, N} = case Room - get(length) div 2 of N0 when N0 > 0 -> {Floor, N0}; _ -> {Most, min(1, Room)} end,
        IsNew = fun(Pid, Value) -> case lists:keyfind(Pid, 1, Known) of {_, Last} -> -Value > 10 * Last; false -> true end end,
        case lists:sublist([One || {Value, {Row, _}} = One <- Some, -Value > Above, IsNew(element(1, Row), Value)], N) of
            [] -> ok;
            [{Longest, _} | _] = Told ->
                ets:insert(get(table), {first, {Floor, max(Most, -Longest), Room - length(Told)}, Known}),
                {_, Rows} = lists:unzip(Told),
                Us ! {first, Number, Rows}
        end
    end),
    put(last, fun({{[Before | _], _}, _, _}, {{[Best | _], _}, _, _}) ->
        case Best of
            Before -> ok;
            _ -> (get(send))(element(1, ets:lookup_element(get(table), pass, 2)), Best -- Before)
        end
    end),

    %% Steps, spread over the time that is left: chunks by their number, and what they hold by the negative. Quarters: the sets of
    %% what is held, of which one is made anew in each pass.
    put(apply, fun(I, Counts, {Set, Others, Quarters}, _) when I > 0 ->
            {Counts1, {Set1, Others1}} = (get(info))(I, Counts, {Set, Others}),
            {Counts1, {Set1, Others1, Quarters}};
       (I, Counts, {Set, Others, Quarters}, Parts) ->
            At = -I rem Parts + 1,
            {Counts, {Set, Others, setelement(At, Quarters, (get(size))(-I, element(At, Quarters)))}}
    end),
    put(timeout, fun(Until) -> receive after max(0, (Until - erlang:monotonic_time(microsecond)) div 1000) -> ok end end),
    %% What was worked since then: the time that went by, more than the work where others have the cores. The VM's own CPU time
    %% (statistics(runtime)) would say it better, but to ask takes its second value away from the programs of the VM.
    put(subtract, fun(Start) -> erlang:monotonic_time(microsecond) - Start end),
    Steps = fun Rest([], Counts, Found, _, Paid, _) -> {Counts, Found, Paid};
                Rest([I | Is], Counts, Found, Parts, Paid, {Due, Slice}) ->
        Start = erlang:monotonic_time(microsecond),
        {Counts1, Found1} = (get(apply))(I, Counts, Found, Parts),
        case Found1 of
            Found -> ok;
            _ ->
                (get(last))(Found, Found1),
                ets:insert(get(table), {ranks, Found1})
        end,
        %% Now that what was read of the chunk is garbage: amid a step, all of it would be copied.
        garbage_collect(self(), [{type, minor}]),
        Next = max(Due + Slice, Start),
        Paid1 = Paid + (get(subtract))(Start),
        ets:insert(get(table), {place, Next, case Is of [] -> 0; [J | _] -> J end, {Counts1, Paid1}}),
        (get(timeout))(Next),
        Rest(Is, Counts1, Found1, Parts, Paid1, {Next, Slice})
    end,

    %% What is read of {{Pid, ReductionsBefore, LooksBefore}, Info}.
    Never = 1 bsl 58,
    Compile = fun ets:match_spec_compile/1,
    Info = fun(Status) -> [{'_', '$4'}, {'_', '$5'}, {'_', Status}] end,
    Entry = fun(Status) -> {{'$1', '$2', '$3'}, Info(Status)} end,
    %% Looks after this one, told as Row of them, where Head matches Info.
    Seen = fun(Head, Before, Row) ->
        History = {'band', Before, 511},
        Shifted = fun(Bit, Flag, Status) ->
            Twice = {'+', {'bsl', History, 1}, Bit},
            Now = {'+', {'bsl', '$4', 36}, Flag},
            [{Head(Info(Status)), [{'<', History, 256}], [Row({'+', Now, Twice})]},
             {Head(Info(Status)), [], [Row({'+', {'+', Now, 256}, {'band', Twice, 255}})]}]
        end,
        Shifted(0, 0, waiting) ++ Shifted(0, 1 bsl 27, suspended) ++ Shifted(0, 1 bsl 27, exiting) ++ Shifted(1, 1 bsl 18, '_')
    end,
    Looks = Compile(Seen(fun(Found) -> {{'$1', '$2', '$3'}, Found} end, '$3', fun(Now) -> Now end) ++ [{'_', [], [0]}]),
    %% Of {State, Pid, Info} in a chunk with these looks: {those that are not idle as before, states, {Pid, Reductions, Looks} of
    %% {Pid, State}, looks of the idle after it}.
    Chunk = fun(Before, Next) ->
        Idle0 = [{'_', 0}, {'_', '$5'}, {'_', waiting}],
        State = fun(Now) -> {{'$5', Now}} end,
        History = {'band', '$3', 511},
        IsNext = {'orelse', {'andalso', {'<', History, 256}, {'=:=', {'bsl', History, 1}, Next}},
            {'andalso', {'>=', History, 256}, {'=:=', {'+', 256, {'band', {'bsl', History, 1}, 255}}, Next}}},
        Row = {{{{'$1', '$2', Before}}, {element, 3, '$_'}}},
        {Compile([{{{'$2', '$3'}, '$1', '_'}, [], [{{{{'$1', '$2', '$3'}}, {element, 3, '$_'}}}]},
            {{'$2', '$1', Info('$6')}, [{'orelse', {'=/=', '$2', '$5'}, {'=/=', '$4', 0}, {'=/=', '$6', waiting}}], [Row]},
            {{'_', '_', Info('_')}, [false], [[]]},
            {{'$2', '$1', '_'}, [{'not', {is_list, {element, 3, '$_'}}}], [Row]}]),
         Compile([{{'$5', '_', Idle0}, [], ['$5']}, {{{'_', '$3'}, '_', Idle0}, [IsNext], ['$5']}] ++
            Seen(fun(Found) -> {{'_', '$3'}, '_', Found} end, '$3', State) ++ [{{'_', '_', Idle0}, [], ['$5']}] ++
            Seen(fun(Found) -> {'_', '_', Found} end, Before, State) ++ [{'_', [], [{{0, 0}}]}]),
         Compile([{{'$1', {'$2', '$3'}}, [], [{{'$1', '$2', '$3'}}]}, {{'$1', '$2'}, [], [{{'$1', '$2', Before}}]}]),
         Next}
    end,
    %% Their sum has the number in each status, in fields of 24 bits.
    Field = fun(Status, N) -> {Info(Status), [], [1 bsl (24 * N)]} end,
    Statuses = Compile(lists:zipwith(Field, [running, runnable, garbage_collecting, suspended, exiting], lists:seq(0, 4))),
    Ranked = fun(Value) -> [{{{'-', 0, Value}, '$_'}}] end,
    %% Thousandths per second.
    Speed = fun(N, At, Before) -> {'div', {'*', N, 1000000000}, {'-', At, Before}} end,
    Share = fun(Shares) -> {element, {'band', '$3', 511}, {const, Shares}} end,
    %% Makes a spec of [For, Floor1, Floor2, Floor3, Floor4], itself by a spec: a condition by each floor; of a speed, times For.
    Above = fun(Value, Least) -> {{{const, '>'}, {const, Value}, Least}} end,
    Times = fun(Most) -> {'div', {'*', Most, '$1'}, 1000000000} end,
    Clause = fun(Head, If, Conditions, Row) -> {{{const, Head}, [{const, If}, {list_to_tuple([{const, 'orelse'} | Conditions])}], {const, [Row]}}} end,
    Maker = fun(Clauses) -> Compile([{['$1', '$2', '$3', '$4', '$5'], [], [Clauses]}]) end,
    Looked = fun(Status, Told, Shares, If) ->
        Clause(Entry(Status), If,
            [Above('$4', '$2'), Above({'-', '$4', {'bsr', '$3', 36}}, Times('$3')), Above(Share(Shares), '$4'), Above({'-', '$5', '$2'}, Times('$5'))],
            {{'$1', '$4', '$3', '$5', '$2', Told}})
    end,
    %% Rows are {{Pid, Mailbox, LooksBefore, Reductions, ReductionsBefore, Status}, {At, AtBefore}}.
    Row = fun(Status) -> {{'_', '$1', '$3', '$2', '$4', Status}, {'$5', '$6'}} end,
    Grew = {'-', '$1', {'bsr', '$3', 36}},
    Worked = {'-', '$2', '$4'},
    ByShare = fun(Shares) -> fun(Status) -> {Row(Status), [], Ranked(Share(Shares))} end end,
    Orders = [
        Compile([{Row('_'), [{'>', '$1', 0}], Ranked('$1')}]),
        Compile([{Row('_'), [{'>', Grew, 0}], Ranked(Speed(Grew, '$5', '$6'))}]),
        Compile(lists:map(ByShare(Idle), [waiting, suspended, exiting]) ++ [(ByShare(Active))('_')]),
        Compile([{Row('_'), [{'>', Worked, 0}], Ranked(Speed(Worked, '$5', '$6'))}])],

    %% The same for what the collector counts, of {{Pid, Reductions, Looks}, {Memory, Binaries}, {MemoryBefore, BinariesBefore}}.
    {_, Numbers} = process_info(self(), garbage_collection_info),
    Places = [{old_heap_block_size, '$1'}, {heap_block_size, '$2'}, {mbuf_size, '$3'}, {bin_vheap_size, '$4'}, {bin_old_vheap_size, '$5'}],
    Counted = {garbage_collection_info, [{Key, proplists:get_value(Key, Places, '_')} || {Key, _} <- Numbers]},
    %% Rows are {{Pid, Reductions, Looks, Memory, MemoryBefore, Binaries, BinariesBefore}, {At, AtBefore}}.
    Holder = {{'_', '_', '_', '$1', '$2', '$3', '$4'}, {'$5', '$6'}},
    By = fun(Value, If) -> Compile([{Holder, [{'>', If, 0}], Ranked(Value)}]) end,
    More = {'-', '$1', '$2'},
    MoreBinaries = {'-', '$3', '$4'},
    Holders = [By('$1', '$1'), By('$3', '$3'), By(Speed(More, '$5', '$6'), More), By(Speed(MoreBinaries, '$5', '$6'), MoreBinaries)],
    Holds = Clause({{'$1', '$2', '$3'}, {'$4', '$5'}, {'$6', '$7'}}, {'<', '$4', Never},
        [Above('$4', '$2'), Above('$5', '$3'), Above({'-', '$4', '$6'}, Times('$4')), Above({'-', '$5', '$7'}, Times('$5'))],
        {{'$1', '$2', '$3', '$4', '$6', '$5', '$7'}}),

    lists:map(fun({Key, Value}) -> put(Key, Value) end, [
        {length, K}, {table, Table}, {process_info, fun erlang:process_info/2},
        {element, Looks}, {status, Statuses},
        {self, Compile([{{'$1', '_', '_'}, [], ['$1']}])},
        {process_flag, Compile([{{'_', '$1', '_'}, [], ['$1']}])},
        {alive, Compile([{Info('_'), [], [1]}])},
        {suspended, Compile([{Entry(suspended), [], [{{'$1', '$4', '$3', '$5', '$2', suspended}}]}])},
        {exit, Compile([{{'_', '$1'}, [{'=/=', '$1', {{0, 0}}}], ['$_']}])},
        {garbage_collection, Compile([{{{'_', '$1', '_'}, '$1'}, [], [[]]}, {{{'_', '_', '$1'}, '_'}, [{'<', '$1', 100 bsl 36}], [garbage_collection_info]}, {'_', [], [trap_exit]}])},
        {garbage_collection_info, Compile([{{[], '$1'}, [], ['$1']},
            {{Counted, '_'}, [], [{{{'+', {'+', '$1', '$2'}, '$3'}, {'+', '$4', '$5'}}}]}, {'_', [], [{{Never, Never}}]}])},
        {reductions, {Maker([Looked(waiting, waiting, Idle, true), Looked('$6', '$6', Active, {'=/=', '$6', waiting})]), Orders}},
        {memory, {Maker([Holds]), Holders}}] ++
        [{{Before}, Chunk(Before, min(2 * (Before band 511), 256))} || Before <- [Never + 1, 2, 4, 8, 16, 32, 64, 128, 256]]),

    Nobody = {[[], [], [], []], {[0, 0, 0, 0], 0, 0}},
    Chunks = [{{'$1', '_', '_', '_', '_'}, [{is_integer, '$1'}], ['$1']}],
    %% What the next pass tells before it ends, after these were the first: any that is above the last of them, and not short.
    First = fun(Best) ->
        Least = max((get(floor))(Best), 99),
        ets:insert(Table, {first, {Least, Least, K}, [{element(1, Row), -Value} || {Value, {Row, _}} <- Best]})
    end,
    %% How long a pass is to take, of passes that took so many ns a process, the last one first. What is measured may be
    %% too much, and never too little: what counts is the least that two in a row took (one of two looks for those that were
    %% born). The first pass, which finds all, says nothing of others, and
    %% the second, which looks for the born, half.
    Period = fun(Works) ->
        Each = case Works of
            [] -> 1700;
            [One] -> (One + 1700) div 2;
            [_ | Befores] -> lists:min(lists:zipwith(fun erlang:'+'/2, lists:droplast(Works), Befores)) div 2
        end,
        Work = Each * erlang:system_info(process_count) div 1000,
        {Share1, Beyond, Slow, Least} = ets:lookup_element(Table, limit, 2),
        max(Least, max(min(Work * 100000 div Share1, Slow), Work * 100000 div Beyond))
    end,
    Told = fun({Number, Began, Whole, Parts}, {Counts, {{Bests, _}, Others, Quarters}, Paid}) ->
        Left = ets:lookup_element(Table, left, 2),
        {Sets, _} = lists:unzip(tuple_to_list(Quarters)),
        Ranking = fun(N) -> lists:sublist(lists:sort(lists:append([lists:nth(N, Best) || Best <- Sets])), K) end,
        {_, Rows} = lists:unzip(lists:append(lists:map(Ranking, [1, 2, 3, 4]) ++ Bests)),
        Us ! {report, {Number, erlang:system_info(wordsize), Parts}, {Began, erlang:monotonic_time(microsecond), Whole, Paid}, Counts,
            lists:usort(Rows) ++ Others, [P || {P, _} <- Left]}
    end,
    Go = fun({Number, Began, Whole, Parts, _}, Todo, Counts, Found, Paid) ->
        Start = erlang:monotonic_time(microsecond),
        Slice = max(0, Began + Whole - Start) div max(1, length(Todo)),
        ets:insert(Table, {place, Start, case Todo of [] -> 0; [I | _] -> I end, {Counts, Paid}}),
        {_, {{[Best | _], _}, _, Quarters}, Spent} = End = Steps(Todo, Counts, Found, Parts, Paid, {Start, Slice}),
        Told({Number, Began, Whole, Parts}, End),
        First(Best),
        ets:insert(Table, [{place, Began + Whole, 0, {{0, 0, 0}, 0}}, {worked, Spent}]),
        (get(timeout))(Began + Whole),
        Quarters
    end,
    Passes = fun Pass(Number, Works, Quarters) ->
        Began = erlang:monotonic_time(microsecond),
        Self = self(),
        ets:insert(Table, {left, [Out || {P, Until} = Out <- ets:lookup_element(Table, left, 2), Until > Began, is_process_alive(P)]}),
        %% Of many, those that were born are looked for in every second pass.
        Births = case tuple_size(Quarters) < 2 orelse Number rem 2 =:= 0 of
            true ->
                {_, Monitor} = spawn_opt(erl_eval, expr, [Call, Bindings#{error => Table, false => Self} | Options], [link, monitor]),
                receive {'DOWN', Monitor, _, _, normal} -> ok end,
                put(processes, (get(subtract))(Began)),
                get(processes);
            %% As long, so that between two looks at a chunk there is a period.
            false ->
                (get(timeout))(Began + case get(processes) of undefined -> 0; For -> For end),
                0
        end,
        Start = erlang:monotonic_time(microsecond),
        Is = lists:sort(ets:select(Table, Chunks)),
        Parts = case length(Is) > 2 of true -> 4; false -> 1 end,
        %% All in the first pass, and of many a quarter in each later one.
        Quarters1 = case tuple_size(Quarters) of
            Parts when Number > 1 -> setelement(Number rem Parts + 1, Quarters, Nobody);
            _ -> erlang:make_tuple(Parts, Nobody)
        end,
        IsAll = tuple_size(Quarters) =/= Parts,
        Todo = [J || I <- Is, J <- case IsAll orelse (I - Number) rem Parts =:= 0 of true -> [I, -I]; false -> [I] end],
        Whole = Period(Works),
        Paid = Births + (get(subtract))(Start),
        Found = {Nobody, [], Quarters1},
        This = {Number, Began, Whole, Parts, Works},
        ets:insert(Table, [{pass, This, Todo}, {ranks, Found}]),
        Quarters2 = Go(This, Todo, {0, 0, 0}, Found, Paid),
        Took = ets:lookup_element(Table, worked, 2) * 1000 div erlang:system_info(process_count),
        Pass(Number + 1, case Number of 1 -> []; _ -> lists:sublist([Took | Works], 5) end, Quarters2)
    end,
    %% After another one was ended amid a pass: it goes on there.
    Resume = fun({Number, _, _, _, Works} = This, Todo) ->
        [{_, _, I, {Counts, Paid}}] = ets:lookup(Table, place),
        [{_, Found}] = ets:lookup(Table, ranks),
        Quarters = Go(This, lists:dropwhile(fun(J) -> J =/= I end, Todo), Counts, Found, Paid),
        Passes(Number + 1, Works, Quarters)
    end,
    case ets:lookup(Table, pass) of
        [] ->
            First([]),
            Passes(1, [], {});
        [{_, Pass, Todo}] -> Resume(Pass, Todo)
    end
end.
