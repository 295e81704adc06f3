package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.zygotes.core.files.Folders;
import io.zygotes.launcher.image.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Clients of AWS Lambda, as their makers publish them, with a worker in the place of the service. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AwsClientsIT {

    private static final String KEY = "AKIDEXAMPLE";
    private static final String SECRET = "made/up+for=this";
    private static final List<String> CLIENTS = List.of("boto3==1.44.8", "awscli==1.46.3");

    private Path folder;
    private AttackedWorker worker;

    @BeforeAll
    void start() throws Exception {
        Machine.require("AwsClientsIT");
        assumeTrue(
                run(List.of("python3", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"), Map.of())
                                .exit()
                        == 0,
                "these clients need Python 3.10");
        folder = Files.createTempDirectory("zygotes-aws-").toRealPath();
        List<String> install = new ArrayList<>(List.of(
                "python3",
                "-m",
                "pip",
                "install",
                "-q",
                "--no-input",
                "--no-compile",
                "--root-user-action=ignore",
                "--target",
                folder.resolve("clients").toString()));
        install.addAll(CLIENTS);
        Ended installed = run(install, Map.of());
        assertEquals(0, installed.exit(), () -> "pip cannot install " + CLIENTS + ": " + installed.output());
        worker = AttackedWorker.start(config -> {
            config.putObject("aws").putObject("credentials").put(KEY, SECRET);
        });
        worker.install("plain", "def f(event):\n    return event\n", Map.of());
    }

    @AfterAll
    void stop() throws Exception {
        if (worker != null) {
            worker.close();
        }
        if (folder != null) {
            Folders.delete(folder);
        }
    }

    private record Ended(int exit, String output) {}

    /** Runs a program to its end, with nothing of AWS's in its environment but what is given. */
    private static Ended run(List<String> command, Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), () -> command + " goes on: " + output);
        return new Ended(process.exitValue(), output);
    }

    private Map<String, String> environment() {
        return Map.ofEntries(
                Map.entry("PYTHONPATH", folder.resolve("clients").toString()),
                Map.entry("AWS_ACCESS_KEY_ID", KEY),
                Map.entry("AWS_SECRET_ACCESS_KEY", SECRET),
                Map.entry("AWS_DEFAULT_REGION", "us-east-1"),
                Map.entry("AWS_CONFIG_FILE", "/dev/null"),
                Map.entry("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
                // Nobody is to be asked for other keys.
                Map.entry("AWS_EC2_METADATA_DISABLED", "true"),
                Map.entry("AWS_PAGER", ""),
                Map.entry("no_proxy", "*"),
                Map.entry("NO_PROXY", "*"));
    }

    private String url() {
        return "http://127.0.0.1:" + worker.port();
    }

    @Test
    void boto3WorksAsWithTheService() throws Exception {
        Path script = Files.writeString(folder.resolve("aws_clients.py"), AttackedWorker.resource("aws_clients.py"));

        Ended ended = run(List.of("python3", script.toString(), url(), KEY, SECRET), environment());

        assertEquals(0, ended.exit(), ended.output());
        worker.awaitPrinted("printed by event");
    }

    private String aws(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of("python3", "-m", "awscli", "--endpoint-url", url(), "lambda"));
        command.addAll(List.of(words));
        Ended ended = run(command, environment());
        assertEquals(0, ended.exit(), ended.output());
        return ended.output();
    }

    @Test
    void theCommandLineWorksAsWithTheService() throws Exception {
        Path zip = zip("def f(event, context=None):\n    return {'twice': 2 * event['n']}\n");
        Path answer = folder.resolve("answer.json");

        JsonNode made = AttackedWorker.JSON.readTree(aws(
                "create-function",
                "--function-name",
                "cli",
                "--runtime",
                "python3.13",
                "--handler",
                "f.f",
                "--role",
                "arn:aws:iam::000000000000:role/any",
                "--zip-file",
                "fileb://" + zip));
        String invoked = aws("invoke", "--function-name", "cli", "--payload", "{\"n\": 21}", answer.toString());

        assertEquals("Active", made.get("State").asText());
        assertEquals(
                200, AttackedWorker.JSON.readTree(invoked).get("StatusCode").asInt());
        assertEquals(
                42, AttackedWorker.JSON.readTree(answer.toFile()).get("twice").asInt());
        aws("delete-function", "--function-name", "cli");
    }

    private Path zip(String code) throws IOException {
        Path file = folder.resolve("code.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.putNextEntry(new ZipEntry("f.py"));
            zip.write(code.getBytes(StandardCharsets.UTF_8));
        }
        return file;
    }
}
