package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.cgroup.SandboxGroup;
import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.sandbox.sock.protocol.Channel;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.protocol.RequestDescriptors;
import io.zygotes.sandbox.sock.protocol.SandboxKind;
import io.zygotes.sandbox.sock.resource.Kit;
import io.zygotes.sandbox.sock.resource.OutputPump;
import io.zygotes.sandbox.sock.sandbox.Belongings;
import io.zygotes.sandbox.sock.sandbox.CreationStep;
import io.zygotes.sandbox.sock.sandbox.SockSandbox;
import io.zygotes.sandbox.sock.sandbox.StepTimes;
import io.zygotes.spi.SandboxEvent;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One attempt to make a sandbox: the steps that all kinds have in common, and what undoes them, last step first, if the
 * attempt fails. From the moment at which there is a sandbox object, that is destroyed instead, and the reaper frees
 * the rest. Of one thread.
 */
final class Launch implements AutoCloseable {

    /** How long a new process may take until it says hello, in seconds; a busy machine needs some. */
    private static final int PATIENCE = 20;
    /** The system property that sets another number of seconds. It is for tests of what never answers. */
    private static final String PATIENCE_PROPERTY = "zygotes.launch.patience";
    /** After this many seconds of silence whoever was asked for a process is taken to be stopped, and told to go on. */
    static final int GO_ON_AFTER = 2;

    private final LaunchContext context;
    private final Forker forker;
    private final String id;
    private final StepTimes times = new StepTimes();
    private final long started = System.nanoTime();
    private final List<Runnable> undo = new ArrayList<>();
    /** What the new process gets, and is closed here in any case. */
    private final List<Descriptor> mounts = new ArrayList<>();

    private Optional<Kit> kit = Optional.empty();
    private Optional<SockSandbox> sandbox = Optional.empty();
    private boolean succeeded;

    Launch(LaunchContext context, SandboxKind kind, Forker forker) {
        this.context = context;
        this.forker = forker;
        id = kind.word() + "-" + context.numbers().incrementAndGet();
    }

    /** How long a new process may take until it says hello, in seconds. */
    static int patience() {
        return Integer.getInteger(PATIENCE_PROPERTY, PATIENCE);
    }

    /** The sandbox's id. */
    String id() {
        return id;
    }

    /** How long its steps take. */
    StepTimes times() {
        return times;
    }

    /** The moment ({@link System#nanoTime}) until which the process must be there. */
    long deadline() {
        return started + TimeUnit.SECONDS.toNanos(patience());
    }

    /** Ends a step. */
    void step(CreationStep step) {
        times.step(step);
    }

    /** What is to be done if this fails before there is a sandbox object. */
    void onFailure(Runnable action) {
        undo.add(action);
    }

    /** Ids of a leaf or a job, which are given back on failure. */
    Identity use(Identity identity) {
        onFailure(identity.release());
        return identity;
    }

    /** What the sandbox is made with; its own ends go to the new process. */
    Kit use(Kit made) {
        kit = Optional.of(made);
        onFailure(made::discard);
        return made;
    }

    /** A read-only mount of a folder that goes to the new process. */
    Descriptor mount(Path folder) throws IOException {
        Descriptor tree = Mounts.detachedTree(folder.toString(), false);
        mounts.add(tree);
        return tree;
    }

    /** What every sandbox has. */
    Belongings belongings(Kit made, Consumer<SandboxEvent> events) {
        return new Belongings(
                id,
                made.group(),
                new Channel(made.channel().ours(), context.wardens().unaskedFiles()),
                context.reaper(),
                events);
    }

    /** From now on a failure destroys the sandbox. */
    <S extends SockSandbox> S begun(S made) {
        sandbox = Optional.of(made);
        return made;
    }

    /** What the sandbox prints goes to the worker's output, line by line. */
    void printTo(Kit made, SockSandbox printing, Supplier<String> label) throws IOException {
        OutputPump.Printing printed = context.pump()
                .lines(
                        made.output().reading(),
                        line -> context.worker().output().line(id, label.get(), line));
        printing.atEndOfOutput(printed);
        printing.atPauseOfOutput(printed::pause, printed::resume);
    }

    /** The last of what the sandbox prints, when it ended. */
    CompletableFuture<String> collect(Kit made, SockSandbox printing) throws IOException {
        CompletableFuture<String> output = new CompletableFuture<>();
        printing.atEndOfOutput(context.pump().collect(made.output().reading(), output::complete));
        return output;
    }

    /** What comes with the request. */
    RequestDescriptors descriptors(Kit made) {
        return new RequestDescriptors(
                made.channel().theirs(), made.output().writing(), made.group().tree(), made.scratch(), mounts);
    }

    /** Asks for the process. */
    void ask(LaunchRequest request) throws IOException, TimeoutException, InterruptedException, SandboxException {
        forker.ask(request, deadline());
        closeTheirs();
    }

    /**
     * Waits until the new process says hello, and checks that it is where it was to be born: else it is somebody who
     * answers in its place.
     *
     * @param born the group in which it is born
     */
    void awaitHello(SockSandbox made, SandboxGroup born)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        Frame frame = firstFrame(made);
        if (frame.isFailure()) {
            throw forker.reported(made.failure(frame));
        }
        if (!frame.isHello()) {
            throw new IOException(id + " sent a message of kind " + frame.kind() + " instead of hello");
        }
        made.born(frame.pid());
        context.wardens().watch(frame.pid(), made::end);
        if (!born.contains(frame.pid())) {
            throw new IOException(
                    "process " + frame.pid() + " said hello for " + made + " and is not in " + born.path());
        }
        forker.finish(frame.pid());
    }

    private Frame firstFrame(SockSandbox made) throws IOException, TimeoutException, InterruptedException {
        try {
            return made.channel().receive(started + TimeUnit.SECONDS.toNanos(GO_ON_AFTER));
        } catch (TimeoutException e) {
            forker.goOn();
            return made.channel().receive(deadline());
        }
    }

    /** There is a sandbox: nothing is undone. */
    void succeed() {
        succeeded = true;
    }

    /** What it means that this failed. */
    SandboxException failed(Exception e) throws InterruptedException {
        // What a process that is gone said is nearer to the reason than that it is gone.
        Optional<Frame> said =
                sandbox.flatMap(made -> made.channel().lastWords()).filter(Frame::isFailure);
        return said.isPresent() ? forker.reported(sandbox.get().failure(said.get())) : forker.meaning(id, e);
    }

    private void closeTheirs() {
        kit.ifPresent(Kit::closeTheirs);
        mounts.forEach(Descriptor::close);
        mounts.clear();
    }

    /** Frees what is not needed, and everything if the sandbox was not made. */
    @Override
    public void close() {
        closeTheirs();
        if (succeeded) {
            return;
        }
        if (sandbox.isPresent()) {
            sandbox.get().destroy(); // the reaper frees the rest
        } else {
            undo.reversed().forEach(Runnable::run);
        }
    }
}
