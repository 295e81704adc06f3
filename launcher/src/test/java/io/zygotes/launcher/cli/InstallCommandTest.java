package io.zygotes.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.registry.LambdaStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code zygotes install} and its options, without a worker. */
@Timeout(60)
class InstallCommandTest {

    private static final String CODE = "def f(event): return 1\n";

    @TempDir
    Path folder;

    private Path lambda;

    @BeforeEach
    void make() throws IOException {
        assertEquals(0, Run.of("init", "-p", worker()).exit());
        lambda = Files.createDirectories(folder.resolve("hello"));
        Files.writeString(lambda.resolve("f.py"), CODE);
    }

    private String worker() {
        return folder.resolve("worker").toString();
    }

    private Path installed(String file) {
        return folder.resolve("worker/registry").resolve(file);
    }

    private Run install(String... options) {
        List<String> line = new ArrayList<>(List.of("admin", "install", "-p", worker()));
        line.addAll(List.of(options));
        return Run.of(line.toArray(String[]::new));
    }

    @Test
    void aFolderOrAnArchiveIsInstalledUnderItsNameOrAnother() throws Exception {
        Path zip = folder.resolve("packed.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            out.putNextEntry(new ZipEntry("f.py"));
            out.write(CODE.getBytes(StandardCharsets.UTF_8));
        }

        assertEquals(0, install(lambda.toString()).exit());
        assertEquals(0, install("-r", zip.toString()).exit());
        Run named = install("-n", "other", lambda.toString());

        assertEquals(0, named.exit(), named.err());
        assertTrue(named.out().contains("installed other"), named.out());
        for (String name : List.of("hello", "packed", "other")) {
            assertEquals(CODE, Files.readString(installed(name + "/f.py")));
        }
    }

    @Test
    void settingsOfTheCommandReplaceTheLambdasAndAreChecked() throws Exception {
        Files.writeString(lambda.resolve("ol.yaml"), "limits:\n  mem_mb: 20\n");
        Path good = Files.writeString(folder.resolve("good.yaml"), "limits:\n  mem_mb: 30\n");
        Path bad = Files.writeString(folder.resolve("bad.yaml"), "limits:\n  mem: 30\n");

        assertEquals(0, install("-c", good.toString(), lambda.toString()).exit());
        Run refused = install("-c", bad.toString(), lambda.toString());

        assertEquals(1, refused.exit());
        assertTrue(refused.err().contains("'mem' is no key here"), refused.err());
        assertEquals(Files.readString(good), Files.readString(installed("hello/ol.yaml")));
        assertEquals(1, install("-c", "none.yaml", lambda.toString()).exit());
    }

    @Test
    void aGitRepositoryIsFetched() throws Exception {
        git("init", "--quiet", "--initial-branch=main", lambda.toString());
        git("-C", lambda.toString(), "add", "f.py");
        git("-C", lambda.toString(), "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "one");
        git("-C", lambda.toString(), "branch", "side");

        Run run = install("file://" + lambda);
        Run side = install("-n", "side", "file://" + lambda + "#side");
        Run none = install("file://" + folder.resolve("none.git"));

        assertEquals(0, run.exit(), run.err());
        assertEquals(0, side.exit(), side.err());
        assertEquals(CODE, Files.readString(installed("hello/f.py")));
        assertFalse(Files.exists(installed("hello/.git")));
        assertEquals(CODE, Files.readString(installed("side/f.py")));
        assertEquals(1, none.exit());
        assertTrue(none.err().contains("git cannot fetch"), none.err());
    }

    private static void git(String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of("git"));
        line.addAll(List.of(arguments));
        ProcessBuilder git = new ProcessBuilder(line).inheritIO();
        // Whatever the machine's own settings are.
        git.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        git.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        assertEquals(0, git.start().waitFor(), line.toString());
    }

    @Test
    void aLambdaIsSentToAWorkerWithTheToken() throws Exception {
        Files.createSymbolicLink(lambda.resolve("g.py"), Path.of("f.py"));
        Path token = Files.writeString(folder.resolve("token"), "the-token\n");
        Path received = folder.resolve("received.tar.gz");
        List<String> seen = new CopyOnWriteArrayList<>();
        Server server = new Server(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                seen.add(request.getMethod() + " " + request.getHttpURI().getPath() + " "
                        + request.getHeaders().get("Authorization"));
                byte[] body = Content.Source.asInputStream(request).readAllBytes();
                if (seen.size() == 1) {
                    Files.write(received, body);
                }
                response.setStatus(seen.size() == 1 ? 201 : 403);
                callback.succeeded();
                return true;
            }
        });
        server.start();
        try {
            String url = "http://127.0.0.1:" + ((NetworkConnector) server.getConnectors()[0]).getLocalPort();
            Run run = Run.of("install", "--url", url, "--token-file", token.toString(), lambda.toString());
            Run refused = Run.of("install", "--url", url, lambda.toString());

            assertEquals(0, run.exit(), run.err());
            assertEquals(1, refused.exit());
            assertTrue(refused.err().contains("status 403"), refused.err());
        } finally {
            server.stop();
        }
        assertEquals("POST /registry/hello Bearer the-token", seen.getFirst());
        LambdaStore store = new LambdaStore(folder.resolve("unpacked"));
        assertEquals("received", store.install(received));
        assertEquals(CODE, Files.readString(store.folder().resolve("received/g.py")));
    }

    @Test
    void wrongUsageIsSaid() {
        assertEquals(2, install().exit());
        assertEquals(2, install("-r", lambda.toString(), lambda.toString()).exit());
        assertEquals(2, install("--token-file", "x", lambda.toString()).exit());
        assertEquals(
                2,
                install("--url", "http://127.0.0.1:1", "--wait", lambda.toString())
                        .exit());
        assertEquals(
                1, install("--url", "http://127.0.0.1:1", lambda.toString()).exit());
    }
}
