package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.worker.RunningWorker;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes worker status}. */
@Command(name = "status", description = "Says whether a worker runs. Exit code 0 if it is ready, 1 if not.")
final class StatusCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Option(names = "--json", description = "Answer as JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        WorkerDirectory opened = directory.open();
        Optional<WorkerDirectory.Running> running = opened.running();
        boolean ready = running.isPresent()
                && running.get().port() > 0
                && RunningWorker.of(opened).ready();
        // One without a port starts; one that does not answer on it may start as well, or hang.
        boolean starting = running.isPresent() && running.get().port() <= 0;
        String state = ready ? "ready" : starting ? "starting" : running.isPresent() ? "not answering" : "down";
        Map<String, String> withoutZygote = ready ? RunningWorker.of(opened).withoutOwnZygote() : Map.of();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("directory", opened.path().toString());
            answer.put("state", state);
            answer.put("pid", running.isPresent() ? running.get().pid() : null);
            answer.put("port", running.isPresent() ? running.get().port() : null);
            answer.put("without_own_zygote", withoutZygote);
            out.println(Output.json(answer));
        } else if (running.isPresent()) {
            out.println(state + ": " + opened.path() + ", pid " + running.get().pid() + ", port "
                    + running.get().port());
            withoutZygote.forEach(
                    (lambda, reason) -> out.println("lambda " + lambda + " has no zygote of its own: " + reason));
        } else {
            out.println("down: no worker runs on " + opened.path());
        }
        return ready ? 0 : 1;
    }
}
