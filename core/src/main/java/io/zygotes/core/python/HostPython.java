package io.zygotes.core.python;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The interpreter that lambdas run on, as the host has it.
 *
 * @param command name or path by which it was found; may be a version manager's wrapper, or a virtual environment's
 *     link
 * @param executable absolute path of the interpreter itself
 * @param version its version, such as {@code 3.11.7}
 * @param cacheTag what byte code and extension modules are for, such as {@code cpython-311}
 * @param markers values of the environment markers of PEP 508
 */
public record HostPython(
        String command, String executable, String version, String cacheTag, Map<String, String> markers) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int OLDEST_MINOR = 9;
    private static final int NEWEST_MINOR = 14;
    private static final long PATIENCE_SECONDS = 60;

    /** Copies the map. */
    public HostPython {
        Objects.requireNonNull(command);
        Objects.requireNonNull(executable);
        Objects.requireNonNull(version);
        Objects.requireNonNull(cacheTag);
        markers = Map.copyOf(markers);
    }

    /**
     * Runs the interpreter and asks what it is.
     *
     * @param command its name or path
     * @throws PythonException if there is none, or one that is too old
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    public static HostPython probe(String command) throws PythonException, InterruptedException {
        JsonNode found = run(command, Script.PROBE, "-I");
        int major = found.path("version").path(0).asInt();
        int minor = found.path("version").path(1).asInt();
        String version =
                major + "." + minor + "." + found.path("version").path(2).asInt();
        if (major != 3 || minor < OLDEST_MINOR) {
            throw new PythonException("'" + command + "' is Python " + version + ", but Python 3." + OLDEST_MINOR
                    + " to 3." + NEWEST_MINOR + " is needed; install one, or name one as \"python\" in config.json");
        }
        Map<String, String> markers = new TreeMap<>();
        for (Map.Entry<String, JsonNode> marker : found.path("markers").properties()) {
            markers.put(marker.getKey(), marker.getValue().asText());
        }
        return new HostPython(
                command,
                found.path("executable").asText(),
                version,
                found.path("cache_tag").asText(),
                markers);
    }

    /** Runs a script on the host and reads the JSON that it prints last. */
    static JsonNode run(String command, Script script, String... options) throws PythonException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(command));
        line.addAll(List.of(options));
        line.addAll(List.of("-c", script.text()));
        Process process;
        try {
            process = new ProcessBuilder(line)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
        } catch (IOException e) {
            throw new PythonException(
                    "cannot run '" + command + "' (" + e.getMessage()
                            + "); install Python 3, or name one as \"python\" in config.json",
                    e);
        }
        try {
            String output = readAll(process.getInputStream());
            process.waitFor();
            String last = output.strip().substring(output.strip().lastIndexOf('\n') + 1);
            if (process.exitValue() != 0) {
                throw new PythonException(
                        "'" + command + "' failed with exit code " + process.exitValue() + ": " + output.strip());
            }
            return JSON.readTree(last);
        } catch (JsonProcessingException e) {
            throw new PythonException(
                    "'" + command + "' does not answer like Python 3; name another interpreter as"
                            + " \"python\" in config.json",
                    e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String readAll(InputStream in) throws PythonException, InterruptedException {
        FutureTask<String> reading = new FutureTask<>(() -> new String(in.readAllBytes(), StandardCharsets.UTF_8));
        Thread.ofVirtual().start(reading);
        try {
            return reading.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new PythonException("the interpreter does not answer within " + PATIENCE_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw new PythonException("cannot read what the interpreter prints", e.getCause());
        }
    }
}
