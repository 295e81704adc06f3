package io.zygotes.launcher.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.zygotes.launcher.console.Failure;
import io.zygotes.launcher.control.ControlAnswer;
import io.zygotes.launcher.control.ControlSocket;
import io.zygotes.launcher.worker.Installing;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Has a running worker install the packages of a lambda, and says which are there as they come. */
final class PackageWait {

    private static final long BETWEEN_LOOKS_MILLIS = 100;

    private final Path directory;
    private final String lambda;
    private final PrintWriter out;
    private final Set<String> told = new HashSet<>();

    /**
     * @param directory the worker directory
     * @param lambda the lambda's name
     * @param out gets a line for each package
     */
    PackageWait(Path directory, String lambda, PrintWriter out) {
        this.directory = directory;
        this.lambda = lambda;
        this.out = out;
    }

    /**
     * Returns when all are there.
     *
     * @throws Failure if one cannot be installed; says why
     * @throws IOException if the worker goes away
     * @throws InterruptedException if the calling thread is interrupted; the worker goes on
     */
    void await() throws Failure, IOException, InterruptedException {
        long start = System.nanoTime();
        JsonNode progress = ask();
        progress.path("installed").forEach(id -> told.add(id.asText()));
        int there = told.size();
        if (!progress.path("missing").isEmpty()) {
            out.println("installing " + progress.path("missing").size() + " packages"
                    + (there == 0 ? "" : ", " + there + " are there"));
        }
        while (!progress.path("done").asBoolean()) {
            tell(progress, start);
            Thread.sleep(BETWEEN_LOOKS_MILLIS);
            progress = ask();
        }
        tell(progress, start);
        String error = progress.path("error").asText();
        if (!error.isEmpty()) {
            throw new Failure("lambda " + lambda
                    + " is in the registry, but not all of its packages could be installed: " + error);
        }
        out.println(told.size() == there ? "its packages are there" : "all packages are there after " + since(start));
    }

    private void tell(JsonNode progress, long start) {
        for (JsonNode id : progress.path("installed")) {
            if (told.add(id.asText())) {
                out.println("  " + id.asText() + " after " + since(start));
            }
        }
        out.flush();
    }

    private static String since(long start) {
        return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - start) / 1e9);
    }

    private JsonNode ask() throws Failure, IOException {
        ControlAnswer answer = ControlSocket.ask(directory, Installing.PACKAGES + "?" + lambda);
        JsonNode body = new ObjectMapper().readTree(answer.json());
        if (answer.status() != HttpURLConnection.HTTP_OK) {
            throw new Failure(
                    "its packages are not installed: " + body.path("error").asText(answer.json()));
        }
        return body;
    }
}
