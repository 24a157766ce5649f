%% The sweep: passes over all processes, a chunk of 500 at a time, with items that wake nobody. In a table of sweep.erl, which
%% watches it: for who asks a process inside of a long BIF waits until that returns. Keys of the table:
%%   I: {I, At, Pids, Reductions, Looks}: a chunk, tuples of as many items; At: us (monotonic) of the last look.
%%   -I: {-I, At, Memory, Binaries}: the same chunk, as the collector counts, in words.
%%   place: {place, Due, I, {Counts, Paid}}: at I from Due on. ranks: {ranks, Found}: what the pass found so far.
%%   pass: {pass, {Number, Began, Period, Parts, Work}, Todo}. limit, left: see sweep.erl.
%% Looks of a process are Mailbox bsl 36 + Halted bsl 27 + Active bsl 18 + History: how it was found last; History is a 1 and
%% then a bit for each of the last 8 looks (1: active), so 1 to 511, and 1 before the first look. Looks of the dead are 0.
%%
%% Us: our pid. K: rows of each order. Idle, Active: the rank by History before the look, where the look finds it idle, and
%% active. [Call, Bindings, none]: what erl_eval makes of sweep_born.erl. Table: of sweep.erl.
fun(Us, K, Idle, Active, [Call, Bindings | Options], Table) ->
    Never = 1 bsl 58,
    Size = 500,
    Now = fun() -> erlang:monotonic_time(microsecond) end,
    Look = fun erlang:process_info/2,
    Compile = fun ets:match_spec_compile/1,

    %% What is read of {{Pid, ReductionsBefore, LooksBefore}, Info}.
    Info = fun(Status) -> [{'_', '$4'}, {'_', '$5'}, {'_', Status}] end,
    Entry = fun(Status) -> {{'$1', '$2', '$3'}, Info(Status)} end,
    Reductions = Compile([{Info('_'), [], ['$5']}, {'_', [], [0]}]),
    Shifted = fun(Bit, Flag) ->
        fun(Status) ->
            Twice = {'+', {'bsl', {'band', '$3', 511}, 1}, Bit},
            Found = {'+', {'bsl', '$4', 36}, Flag},
            [{Entry(Status), [{'<', {'band', '$3', 511}, 256}], [{'+', Found, Twice}]},
             {Entry(Status), [], [{'+', {'+', Found, 256}, {'band', Twice, 255}}]}]
        end
    end,
    Looks = Compile(
        [{{{'_', '_', 256}, [{'_', 0}, {'_', '_'}, {'_', waiting}]}, [], [256]}] ++ (Shifted(0, 0))(waiting) ++
        (Shifted(0, 1 bsl 27))(suspended) ++ (Shifted(0, 1 bsl 27))(exiting) ++ (Shifted(1, 1 bsl 18))('_') ++
        [{'_', [], [0]}]),
    %% Their sum has the number in each status, in fields of 24 bits.
    Field = fun(Status, N) -> {Info(Status), [], [1 bsl (24 * N)]} end,
    Statuses = Compile(lists:zipwith(Field, [running, runnable, garbage_collecting, suspended, exiting], lists:seq(0, 4))),
    Living = Compile([{Info('_'), [], [1]}]),
    Halted = Compile([{Entry(suspended), [], [{{'$1', '$4', '$3', '$5', '$2', suspended}}]}]),

    %% Ranking. A set of orders is {Bests, {Floors, For, Spec}}: of each order the first K so far as {-Value, Row}, and what
    %% picks those that may get among them: more than the last of them, over at least For us.
    First = fun(Order, Best, Rows) -> lists:sublist(lists:merge(Best, lists:sort(ets:match_spec_run(Rows, Order))), K) end,
    Floor = fun(Best) -> case length(Best) of K -> -element(1, lists:last(Best)); _ -> 0 end end,
    Nobody = {[[], [], [], []], {[0, 0, 0, 0], 0, 0}},
    Ranked = fun(Value) -> [{{{'-', 0, Value}, '$_'}}] end,
    %% Thousandths per second.
    Speed = fun(N, At, Before) -> {'div', {'*', N, 1000000000}, {'-', At, Before}} end,
    Share = fun(Shares) -> {element, {'band', '$3', 511}, {const, Shares}} end,
    Clause = fun(Status, Told, Shares, If, [Mailbox, Growth, Rank, Rate], Elapsed) ->
        {Entry(Status), [If, {'orelse', {'>', '$4', Mailbox},
            {'>', {'-', '$4', {'bsr', '$3', 36}}, Growth * Elapsed div 1000000000},
            {'>', {'-', '$5', '$2'}, Rate * Elapsed div 1000000000}, {'>', Share(Shares), Rank}}],
         [{{'$1', '$4', '$3', '$5', '$2', Told}}]}
    end,
    May = fun(Floors, Elapsed) ->
        Compile([Clause(waiting, waiting, Idle, true, Floors, Elapsed), Clause('$6', '$6', Active, {'=/=', '$6', waiting}, Floors, Elapsed)])
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

    %% The same for what the collector counts, of {{Pid, Reductions, Looks}, Numbers, {MemoryBefore, BinariesBefore}}.
    {_, Numbers} = process_info(self(), garbage_collection_info),
    Places = [{old_heap_block_size, '$6'}, {heap_block_size, '$7'}, {mbuf_size, '$8'}, {bin_vheap_size, '$9'}, {bin_old_vheap_size, '$10'}],
    Counted = {garbage_collection_info, [{Key, proplists:get_value(Key, Places, '_')} || {Key, _} <- Numbers]},
    Memory = {'+', {'+', '$6', '$7'}, '$8'},
    Binaries = {'+', '$9', '$10'},
    Asks = Compile([{'$1', [{'<', '$1', 100 bsl 36}], [garbage_collection_info]}, {'_', [], [trap_exit]}]),
    Of = fun(Value) -> Compile([{{'_', Counted, '_'}, [], [Value]}, {'_', [], [Never]}]) end,
    Memories = Of(Memory),
    AllBinaries = Of(Binaries),
    Alive = Compile([{{{'_', '_', '$1'}, '_', '_'}, [{'>', '$1', 0}], ['$_']}]),
    Part = fun(Which) -> Compile([{{{'$1', '$2', '$3'}, '_', '_'}, [], [Which]}]) end,
    [PidsOf, ReductionsOf, LooksOf] = lists:map(Part, ['$1', '$2', '$3']),
    MayHold = fun([Most, Binary, Growth, BinaryGrowth], Elapsed) ->
        Compile([{{{'$1', '$2', '$3'}, Counted, {'$4', '$5'}},
            [{'orelse', {'>', Memory, Most}, {'>', Binaries, Binary}, {'>', {'-', Memory, '$4'}, Growth * Elapsed div 1000000000},
              {'>', {'-', Binaries, '$5'}, BinaryGrowth * Elapsed div 1000000000}}],
            [{{'$1', '$2', '$3', Memory, '$4', Binaries, '$5'}}]}])
    end,
    %% Rows are {{Pid, Reductions, Looks, Memory, MemoryBefore, Binaries, BinariesBefore}, {At, AtBefore}}.
    Holder = {{'_', '_', '_', '$1', '$2', '$3', '$4'}, {'$5', '$6'}},
    By = fun(Value, If) -> Compile([{Holder, [{'>', If, 0}], Ranked(Value)}]) end,
    More = {'-', '$1', '$2'},
    MoreBinaries = {'-', '$3', '$4'},
    Holders = [By('$1', '$1'), By('$3', '$3'), By(Speed(More, '$5', '$6'), More), By(Speed(MoreBinaries, '$5', '$6'), MoreBinaries)],

    %% Entries into a set.
    Better = fun(Entries, Moments, {Bests, {Floors, For, Spec}} = Set, Of1, Make) ->
        case ets:match_spec_run(Entries, Spec) of
            [] -> Set;
            Some ->
                Rows = lists:zip(Some, lists:duplicate(length(Some), Moments)),
                Bests1 = lists:zipwith3(First, Of1, Bests, [Rows, Rows, Rows, Rows]),
                case lists:map(Floor, Bests1) of
                    Floors -> {Bests1, {Floors, For, Spec}};
                    Higher -> {Bests1, {Higher, For, Make(Higher, For)}}
                end
        end
    end,
    Ranks = fun(Entries, {At, Before}, {Bests, {Floors, For, _}} = Set, Of1, Make) ->
        Elapsed = At - Before,
        case Elapsed < For orelse Elapsed > 2 * For + 1 of
            true ->
                Less = Elapsed * 9 div 10,
                Better(Entries, {At, Before}, {Bests, {Floors, Less, Make(Floors, Less)}}, Of1, Make);
            false -> Better(Entries, {At, Before}, Set, Of1, Make)
        end
    end,

    %% A look at a chunk: {Counts, Found}. Counts: {N, Messages, InStatus}; Found: {Set, Halted}.
    Stopped = fun(Entries, Moments, Others) ->
        Rows = lists:sublist(ets:match_spec_run(Entries, Halted), max(0, 50 - length(Others))),
        lists:zip(Rows, lists:duplicate(length(Rows), Moments)) ++ Others
    end,
    Changed = fun(Infos, Entries, Seen, Moments, {N, Messages, InStatus}, {Set, Others}) ->
        Sum = lists:sum(Seen),
        N1 = N + case lists:min(Seen) of 0 -> length(ets:match_spec_run(Infos, Living)); _ -> length(Seen) end,
        {{N1, Messages + (Sum bsr 36), case Sum band (((1 bsl 18) - 1) bsl 18) of 0 -> InStatus; _ -> InStatus + lists:sum(ets:match_spec_run(Infos, Statuses)) end},
         {Ranks(Entries, Moments, Set, Orders, May), case Sum band (511 bsl 27) of 0 -> Others; _ -> Stopped(Entries, Moments, Others) end}}
    end,
    Asked = lists:duplicate(Size, [message_queue_len, reductions, status]),
    Infos = fun(Pids) -> lists:zipwith(Look, Pids, lists:sublist(Asked, length(Pids))) end,
    Chunk = fun(I, {N, Messages, InStatus} = Counts, Found) ->
        [{_, Before, Ps, Rs, Ls}] = ets:lookup(Table, I),
        At = max(Now(), Before + 1),
        New = Infos(tuple_to_list(Ps)),
        Entries = lists:zip(lists:zip3(tuple_to_list(Ps), tuple_to_list(Rs), tuple_to_list(Ls)), New),
        Seen = ets:match_spec_run(Entries, Looks),
        Works = list_to_tuple(ets:match_spec_run(New, Reductions)),
        Least = lists:min(Seen),
        %% Where nobody moved, none of them is ranked: no mailbox, no reductions, no look that found one active.
        case Works =:= Rs andalso Least < 512 andalso Least band (Least - 1) =:= 0 andalso Least =:= lists:max(Seen) of
            true ->
                ets:update_element(Table, I, case Least of 256 -> {2, At}; _ -> [{2, At}, {5, list_to_tuple(Seen)}] end),
                {{N + tuple_size(Ps), Messages, InStatus}, Found};
            false ->
                ets:update_element(Table, I, [{2, At}, {4, Works}, {5, list_to_tuple(Seen)}]),
                Changed(New, Entries, Seen, {At, Before}, Counts, Found)
        end
    end,
    %% What the processes of a chunk hold. Here the dead drop out.
    Clean = fun(I, Entries) ->
        Left = ets:match_spec_run(Entries, Alive),
        Tuple = fun(Spec) -> list_to_tuple(ets:match_spec_run(Left, Spec)) end,
        ets:update_element(Table, I, [{3, Tuple(PidsOf)}, {4, Tuple(ReductionsOf)}, {5, Tuple(LooksOf)}]),
        Left
    end,
    Sizes = fun(I, Set) ->
        [{_, _, Ps, Rs, Ls}] = ets:lookup(Table, I),
        [{_, Before, Ms, Bs}] = ets:lookup(Table, -I),
        At = max(Now(), Before + 1),
        Seen = tuple_to_list(Ls),
        Pids = tuple_to_list(Ps),
        All = lists:zip3(lists:zip3(Pids, tuple_to_list(Rs), Seen),
            lists:zipwith(Look, Pids, ets:match_spec_run(Seen, Asks)), lists:zip(tuple_to_list(Ms), tuple_to_list(Bs))),
        Entries = case lists:member(0, Seen) of true -> Clean(I, All); false -> All end,
        ets:insert(Table, {-I, At, list_to_tuple(ets:match_spec_run(Entries, Memories)), list_to_tuple(ets:match_spec_run(Entries, AllBinaries))}),
        Ranks(Entries, {At, Before}, Set, Holders, MayHold)
    end,

    Chunks = [{{'$1', '_', '_', '_', '_'}, [{is_integer, '$1'}], ['$1']}],
    %% How long a pass is to take that works so long.
    Period = fun(Work) ->
        {Share1, Beyond, Slow, Least} = ets:lookup_element(Table, limit, 2),
        max(Least, max(min(Work * 100000 div Share1, Slow), Work * 100000 div Beyond))
    end,
    Pause = fun(Until) -> receive after max(0, (Until - Now()) div 1000) -> ok end end,
    %% Steps, spread over the time that is left: chunks by their number, and what they hold by the negative. Quarters: the sets of
    %% what is held, of which one is made anew in each pass.
    Step = fun(I, Counts, {Set, Others, Quarters}, Part1) when I > 0 ->
            {Counts1, {Set1, Others1}} = Chunk(I, Counts, {Set, Others}),
            {Counts1, {Set1, Others1, Quarters}};
       (I, Counts, {Set, Others, Quarters}, Part1) ->
            At = -I rem Part1 + 1,
            {Counts, {Set, Others, setelement(At, Quarters, Sizes(-I, element(At, Quarters)))}}
    end,
    Steps = fun Rest([], Counts, Found, _, Paid, _) -> {Counts, Found, Paid};
                Rest([I | Is], Counts, Found, Parts, Paid, {Due, Slice}) ->
        Start = Now(),
        {Counts1, Found1} = Step(I, Counts, Found, Parts),
        case Found1 of Found -> ok; _ -> ets:insert(Table, {ranks, Found1}) end,
        Next = max(Due + Slice, Start),
        Paid1 = Paid + Now() - Start,
        ets:insert(Table, {place, Next, case Is of [] -> 0; [J | _] -> J end, {Counts1, Paid1}}),
        Pause(Next),
        Rest(Is, Counts1, Found1, Parts, Paid1, {Next, Slice})
    end,
    Told = fun({Number, Began, Whole, Parts}, {Counts, {{Bests, _}, Others, Quarters}, Paid}) ->
        Left = ets:lookup_element(Table, left, 2),
        Lists = lists:append([B || {B, _} <- tuple_to_list(Quarters)]),
        Ranking = fun(N) -> lists:sublist(lists:sort([R || {_, {_, _}} = R <- lists:append([element(N, list_to_tuple(B)) || {B, _} <- tuple_to_list(Quarters)])]), K) end,
        Held = case Lists of [] -> []; _ -> lists:append(lists:map(Ranking, [1, 2, 3, 4])) end,
        Rows = lists:usort([R || {_, R} <- lists:append([Held | Bests])]) ++ Others,
        Us ! {report, {Number, erlang:system_info(wordsize), Parts}, {Began, Now(), Whole, Paid}, Counts, Rows, [P || {P, _} <- Left]}
    end,
    Go = fun({Number, Began, Whole, Parts, _}, Todo, Counts, Found, Paid) ->
        Start = Now(),
        Slice = max(0, Began + Whole - Start) div max(1, length(Todo)),
        ets:insert(Table, {place, Start, case Todo of [] -> 0; [I | _] -> I end, {Counts, Paid}}),
        {_, {_, _, Quarters}, Spent} = End = Steps(Todo, Counts, Found, Parts, Paid, {Start, Slice}),
        Told({Number, Began, Whole, Parts}, End),
        ets:insert(Table, [{place, Began + Whole, 0, {{0, 0, 0}, 0}}, {worked, Spent}]),
        Pause(Began + Whole),
        Quarters
    end,
    Passes = fun Pass(Number, Work, Quarters) ->
        Began = Now(),
        Self = self(),
        ets:insert(Table, {left, [Out || {P, Until} = Out <- ets:lookup_element(Table, left, 2), Until > Began, is_process_alive(P)]}),
        {_, Monitor} = spawn_opt(erl_eval, expr, [Call, Bindings#{error => Table, false => Self} | Options], [link, monitor]),
        receive {'DOWN', Monitor, _, _, normal} -> ok end,
        Is = lists:sort(ets:select(Table, Chunks)),
        Parts = case length(Is) > 40 of true -> 4; false -> 1 end,
        %% All in the first pass, and of many a quarter in each later one.
        Quarters1 = case tuple_size(Quarters) of
            Parts when Number > 1 -> setelement(Number rem Parts + 1, Quarters, Nobody);
            _ -> erlang:make_tuple(Parts, Nobody)
        end,
        IsAll = tuple_size(Quarters) =/= Parts,
        Todo = [J || I <- Is, J <- case IsAll orelse (I - Number) rem Parts =:= 0 of true -> [I, -I]; false -> [I] end],
        Whole = Period(Work),
        Paid = Now() - Began,
        Found = {Nobody, [], Quarters1},
        This = {Number, Began, Whole, Parts, Work},
        ets:insert(Table, [{pass, This, Todo}, {ranks, Found}]),
        Quarters2 = Go(This, Todo, {0, 0, 0}, Found, Paid),
        Pass(Number + 1, (Work + 3 * ets:lookup_element(Table, worked, 2)) div 4, Quarters2)
    end,
    %% After another one was ended amid a pass: it goes on there.
    Resume = fun({Number, _, _, _, Work} = This, Todo) ->
        [{_, _, I, {Counts, Paid}}] = ets:lookup(Table, place),
        [{_, Found}] = ets:lookup(Table, ranks),
        Quarters = Go(This, lists:dropwhile(fun(J) -> J =/= I end, Todo), Counts, Found, Paid),
        Passes(Number + 1, Work, Quarters)
    end,
    case ets:lookup(Table, pass) of
        [] -> Passes(1, 2 * erlang:system_info(process_count), {});
        [{_, Pass, Todo}] -> Resume(Pass, Todo)
    end
end.
