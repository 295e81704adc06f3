package io.zygotes.launcher.cli;

import io.zygotes.core.files.Folders;
import io.zygotes.core.registry.LambdaPacker;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.console.Failure;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Sends a lambda to a worker that runs somewhere, over HTTP. */
final class RemoteInstall {

    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final int CREATED = 201;

    private final URI worker;
    private final Optional<Path> tokenFile;

    /**
     * @param worker {@code http://HOST:PORT}
     * @param tokenFile the file with the administrator's token; empty to send none
     */
    RemoteInstall(URI worker, Optional<Path> tokenFile) {
        this.worker = worker;
        this.tokenFile = tokenFile;
    }

    /**
     * Packs the lambda and sends it.
     *
     * @param addition puts further files beside the lambda's
     * @throws Failure if the worker refuses it; says why
     * @throws RegistryException if it is no lambda
     * @throws IOException if files cannot be read or written, or the worker cannot be reached
     * @throws InterruptedException if the calling thread is interrupted
     */
    void install(String name, Path source, LambdaUploads.Addition addition)
            throws Failure, RegistryException, IOException, InterruptedException {
        Path work = Files.createTempDirectory("zygotes-install-");
        try {
            LambdaStore store = new LambdaStore(work.resolve("registry"));
            LambdaUploads.into(store, addition, _ -> {}).install(name, source);
            Path archive = work.resolve("lambda.tar.gz");
            LambdaPacker.pack(store.folder().resolve(name), archive);
            send(name, archive);
        } finally {
            Folders.delete(work);
        }
    }

    private void send(String name, Path archive) throws Failure, IOException, InterruptedException {
        String path = "/registry/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
        HttpRequest.Builder request = HttpRequest.newBuilder(worker.resolve(path))
                .header("Content-Type", "application/gzip")
                .header("Accept", "text/plain")
                .POST(BodyPublishers.ofFile(archive));
        if (tokenFile.isPresent()) {
            request.header(
                    "Authorization",
                    "Bearer " + Files.readString(tokenFile.get()).strip());
        }
        try (HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .build()) {
            HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() != CREATED) {
                throw new Failure("the worker at " + worker + " did not take " + name + " (status "
                        + answer.statusCode() + "): " + answer.body().strip());
            }
        } catch (IOException e) {
            throw new Failure("cannot send " + name + " to " + worker + " (" + e + "); does a worker run there?", e);
        }
    }
}
