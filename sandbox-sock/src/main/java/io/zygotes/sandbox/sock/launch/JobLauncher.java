package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.protocol.CommonPart;
import io.zygotes.sandbox.sock.protocol.Instructions;
import io.zygotes.sandbox.sock.protocol.LaunchRequest;
import io.zygotes.sandbox.sock.protocol.Protocol;
import io.zygotes.sandbox.sock.protocol.SandboxKind;
import io.zygotes.sandbox.sock.resource.Kit;
import io.zygotes.sandbox.sock.sandbox.SockJob;
import io.zygotes.sandbox.sock.warden.HostNames;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.Network;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.Job;
import io.zygotes.spi.mechanism.JobResult;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs programs of the worker's own in fresh sandboxes, and waits for their end. For many threads. */
public final class JobLauncher {

    private static final long LOOK_AT_DISK_EVERY = TimeUnit.MILLISECONDS.toNanos(250);
    /** How long what a job printed may take to be read after its end, in seconds. */
    private static final int OUTPUT_PATIENCE = 5;

    private final LaunchContext context;

    /** @param context what all launches share */
    public JobLauncher(LaunchContext context) {
        this.context = context;
    }

    /** A job that runs. */
    private record Running(SockJob sandbox, JobFiles files, CompletableFuture<String> output) {}

    /** As {@link io.zygotes.spi.mechanism.SandboxMechanism#run}. */
    public JobResult run(Job job) throws SandboxException, InterruptedException {
        long deadline =
                System.nanoTime() + TimeUnit.SECONDS.toNanos(job.limits().runtimeSec());
        Running running = launch(job);
        try {
            return await(job, running, deadline);
        } finally {
            running.sandbox().destroy();
            running.files().takeBack(running.sandbox());
        }
    }

    private Running launch(Job job) throws SandboxException, InterruptedException {
        Launch launch = new Launch(context, SandboxKind.JOB, new WardenForker(context.wardens()));
        JobFiles files = new JobFiles();
        Optional<SockJob> begun = Optional.empty();
        boolean runs = false;
        try {
            Identity identity = launch.use(Identity.fresh(context.freshIds(), Protocol.FIRST_ID));
            int owner = context.cgroups().hostId(identity.ids().outside());
            Kit kit = launch.use(kit(launch, job, identity));

            SockJob sandbox =
                    launch.begun(new SockJob(launch.belongings(kit, _ -> {}), context.fresh(), identity.release()));
            begun = Optional.of(sandbox);
            CompletableFuture<String> output = launch.collect(kit, sandbox);
            context.network().enclose(sandbox, job.network(), job.rules(), job.name(), SandboxNetwork.JOBS);

            launch.ask(request(launch, job, identity, kit));
            launch.awaitHello(sandbox, sandbox.group());
            sandbox.group().join(sandbox.pid());

            giveOrders(sandbox, job, files, owner);
            launch.succeed();
            runs = true;
            return new Running(sandbox, files, output);
        } catch (IOException | TimeoutException e) {
            throw launch.failed(e);
        } finally {
            launch.close();
            if (!runs && begun.isPresent()) {
                files.takeBack(begun.get());
            }
        }
    }

    private Kit kit(Launch launch, Job job, Identity identity) throws IOException {
        Kit kit = context.freshKit(job.limits(), identity);
        launch.onFailure(() -> context.fresh().giveBack(kit.group(), false));
        return kit;
    }

    private LaunchRequest request(Launch launch, Job job, Identity identity, Kit kit) {
        CommonPart common = new CommonPart(
                SandboxKind.JOB,
                job.network() == Network.NONE,
                context.worker().seccomp(),
                true,
                false,
                List.of(),
                Optional.empty());
        return new LaunchRequest(common, HostNames.JOB, identity.ids(), Map.of(), launch.descriptors(kit));
    }

    private void giveOrders(SockJob sandbox, Job job, JobFiles files, int owner)
            throws IOException, TimeoutException, InterruptedException {
        try (Orders orders = new Orders(context, sandbox)) {
            for (Job.Mount mount : job.mounts()) {
                if (mount.writable()) {
                    files.give(mount.source(), owner);
                }
                orders.mount(mount.source(), mount.target(), Files.isDirectory(mount.source()), mount.writable());
            }
            orders.go(new Instructions.ForJob(
                    job.limits().openFiles(),
                    SandboxEnvironment.with(job.environment()),
                    job.name(),
                    job.arguments(),
                    job.script()));
        }
    }

    private static JobResult await(Job job, Running running, long deadline)
            throws SandboxException, InterruptedException {
        try {
            int status = awaitEnd(job, running, deadline);
            if (running.sandbox().ranOutOfMemory()) {
                throw new SandboxException.OutOfMemory("job " + job.name() + " ran out of memory: raise "
                        + "installer_limits.mem_mb above " + job.limits().memMb());
            }
            return new JobResult(status, running.output().get(OUTPUT_PATIENCE, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            throw new SandboxException.TimedOut("job " + job.name() + " was not done after "
                    + job.limits().runtimeSec() + " s: raise installer_limits.runtime_sec");
        } catch (IOException | ExecutionException e) {
            throw new SandboxException(
                    "it cannot be seen how job " + job.name() + " goes on, so it was ended: " + e.getMessage(), e);
        }
    }

    private static int awaitEnd(Job job, Running running, long deadline)
            throws TimeoutException, ExecutionException, InterruptedException, IOException, SandboxException {
        DiskGuard guard = running.files().guard();
        while (true) {
            long left = deadline - System.nanoTime();
            try {
                return running.sandbox().ended().get(Math.min(left, LOOK_AT_DISK_EVERY), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                if (left <= LOOK_AT_DISK_EVERY) {
                    throw e;
                }
            }
            Optional<String> complaint = guard.complaint();
            if (complaint.isPresent()) {
                throw new SandboxException(
                        FailureKind.NO_SPACE, "job " + job.name() + " was ended: " + complaint.get());
            }
        }
    }
}
