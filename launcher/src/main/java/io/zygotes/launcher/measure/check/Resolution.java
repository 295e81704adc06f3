package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which versions pip would install, of a package and of all that it needs ({@code resolve.py}).
 *
 * @param pins all of them, the package itself first; empty if there are none
 * @param error why there are none; empty if there are
 */
record Resolution(List<PackageId> pins, String error) {

    private static final ObjectMapper JSON = new ObjectMapper();

    Resolution {
        pins = List.copyOf(pins);
    }

    /**
     * Asks pip. Progress goes to the standard error of this process.
     *
     * @param interpreter the path of the interpreter that sandboxes use
     * @param mirror the package index; empty for those that pip is configured for
     * @param names what to install, names or pins
     * @param constraints lines of a constraints file
     * @param folder for temporary files
     * @return an entry for each name, in their order
     * @throws Failure if this interpreter has no pip, or one that is too old
     * @throws InterruptedException if the calling thread is interrupted while it waits
     */
    static Map<String, Resolution> of(
            String interpreter, String mirror, List<String> names, List<String> constraints, Path folder)
            throws IOException, Failure, InterruptedException {
        Path script = folder.resolve("resolve.py");
        Path input = folder.resolve("names.json");
        Path output = folder.resolve("versions.json");
        Subject.copy("resolve.py", script);
        ObjectNode task = JSON.createObjectNode();
        task.set("names", JSON.valueToTree(names));
        task.set("constraints", JSON.valueToTree(constraints));
        Files.writeString(input, task.toString());
        ProcessBuilder builder = new ProcessBuilder(interpreter, script.toString())
                .redirectInput(input.toFile())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        if (!mirror.isEmpty()) {
            builder.environment().put("PIP_INDEX_URL", mirror);
        }
        Process process = builder.start();
        try {
            if (process.waitFor() != 0) {
                throw new Failure("pip of " + interpreter + " cannot be asked for versions (exit code "
                        + process.exitValue() + "); what it said stands above");
            }
        } finally {
            process.destroyForcibly();
        }
        return read(Files.readString(output, StandardCharsets.UTF_8));
    }

    private static Map<String, Resolution> read(String text) throws IOException {
        Map<String, Resolution> found = new LinkedHashMap<>();
        Map<String, JsonNode> answers = JSON.readValue(text, new TypeReference<LinkedHashMap<String, JsonNode>>() {});
        answers.forEach((name, answer) -> {
            List<PackageId> pins = new ArrayList<>();
            answer.path("pins").forEach(pin -> pins.add(PackageId.parse(pin.asText())));
            found.put(name, new Resolution(pins, answer.path("error").asText("")));
        });
        return found;
    }
}
