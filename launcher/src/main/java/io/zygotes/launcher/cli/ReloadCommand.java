package io.zygotes.launcher.cli;

import io.zygotes.launcher.control.ControlSocket;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code zygotes worker reload}. */
@Command(
        name = "reload",
        description = "Lets a running worker switch to the import cache that its config.json names now.")
final class ReloadCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Override
    public Integer call() throws Exception {
        var opened = directory.open();
        RunningWorker.of(opened);
        String answer;
        try {
            answer = ControlSocket.ask(opened.path(), WorkerCommands.RELOAD);
        } catch (IOException e) {
            throw new Failure("the worker on " + opened.path() + " does not take commands (" + e.getMessage()
                    + "); stop it with 'zygotes down' and start it again", e);
        }
        if (!answer.startsWith(WorkerCommands.DONE)) {
            throw new Failure("not reloaded, the worker goes on as before: " + answer);
        }
        spec.commandLine().getOut().println(answer.substring(WorkerCommands.DONE.length()));
        return 0;
    }
}
