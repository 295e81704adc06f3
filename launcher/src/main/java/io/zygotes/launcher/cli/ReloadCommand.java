package io.zygotes.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.control.ControlAnswer;
import io.zygotes.launcher.control.ControlSocket;
import io.zygotes.launcher.worker.Reloading;
import io.zygotes.launcher.worker.RunningWorker;
import java.io.IOException;
import java.net.HttpURLConnection;
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
        WorkerDirectory opened = directory.open();
        RunningWorker.of(opened);
        ControlAnswer answer;
        try {
            answer = ControlSocket.ask(opened.path(), Reloading.PATH);
        } catch (IOException e) {
            throw new Failure(
                    "the worker on " + opened.path() + " does not take commands (" + e.getMessage()
                            + "); its log says why, and 'kill -HUP' with its process id makes it reload, too",
                    e);
        }
        JsonNode body = new ObjectMapper().readTree(answer.json());
        if (answer.status() != HttpURLConnection.HTTP_OK) {
            throw new Failure("not reloaded, the worker goes on as before: "
                    + body.path("error").asText(answer.json()));
        }
        spec.commandLine().getOut().println(body.path("message").asText());
        return 0;
    }
}
