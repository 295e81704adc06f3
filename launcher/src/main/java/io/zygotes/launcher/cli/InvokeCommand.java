package io.zygotes.launcher.cli;

import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.worker.RunningWorker;
import java.io.IOException;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes invoke}. */
@Command(name = "invoke", description = "Calls a lambda of a running worker and prints its answer.")
final class InvokeCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Parameters(index = "0", paramLabel = "NAME", description = "The lambda.")
    private String name;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "JSON",
            defaultValue = "null",
            description = "The event; - reads it from the standard input (default: ${DEFAULT-VALUE}).")
    private String json;

    @Override
    public Integer call() throws Exception {
        RunningWorker worker = RunningWorker.of(directory.open());
        byte[] event = json.equals("-") ? System.in.readAllBytes() : json.getBytes(StandardCharsets.UTF_8);
        HttpResponse<String> response;
        try {
            response = worker.invoke(
                    URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20"), event);
        } catch (IOException e) {
            throw new Failure(
                    "calling " + name + " at " + worker.base() + " failed: " + e
                            + "; see 'zygotes status' and the worker's log",
                    e);
        }
        if (response.statusCode() != 200) {
            throw new Failure("calling " + name + " failed with status " + response.statusCode() + ": "
                    + response.body().strip());
        }
        spec.commandLine().getOut().println(response.body().stripTrailing());
        return 0;
    }
}
