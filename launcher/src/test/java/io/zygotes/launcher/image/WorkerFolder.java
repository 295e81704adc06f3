package io.zygotes.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.tree.TreePlugin;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A worker directory, and the commands of an image about it.
 *
 * @param image what runs the commands
 * @param place where they are run
 * @param path the worker directory; made by the first command that makes one
 */
record WorkerFolder(Path image, Path place, Path path) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Makes a worker directory as {@code init} does, without a process; its worker will take any free port. */
    static WorkerFolder init(Path image, Path place, String name) throws IOException {
        WorkerFolder made = new WorkerFolder(image, place, place.resolve(name));
        WorkerDirectory.init(made.path(), new ByteArrayInputStream(TreePlugin.defaultTree()));
        made.change(config -> config.put("worker_port", 0));
        return made;
    }

    /** As {@link #init(Path, Path, String)}, with the image of this build, in {@code worker}. */
    static WorkerFolder init(Path place) throws IOException {
        return init(Program.IMAGE, place, "worker");
    }

    /** Changes its settings. */
    void change(Consumer<ObjectNode> change) throws IOException {
        Path file = path.resolve("config.json");
        ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(config);
        Files.writeString(file, config.toPrettyString());
    }

    /** The words of a command about it, some of which may be its subcommands, apart by a space. */
    String[] arguments(String command, String... more) {
        List<String> all = new ArrayList<>(List.of(command.split(" ")));
        all.addAll(List.of("-p", path.toString()));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    /** Runs a command about it to its end. */
    Program.Ended run(String command, String... more) throws IOException, InterruptedException {
        return Program.runOf(image, place, arguments(command, more));
    }

    /** Runs a command about it that succeeds, and returns what it printed. */
    String ok(String command, String... more) throws IOException, InterruptedException {
        Program.Ended ended = run(command, more);
        assertEquals(0, ended.exit(), () -> command + ": " + ended.out() + ended.err());
        return ended.out();
    }

    /** Writes a lambda and puts it into the registry as {@code install} does, without a process. */
    void install(String name, String code, String requirements) throws IOException, RegistryException {
        Path lambda = Files.createDirectories(place.resolve("lambdas").resolve(name));
        Files.writeString(lambda.resolve("f.py"), code);
        Files.writeString(lambda.resolve("requirements.txt"), requirements);
        new LambdaStore(path.resolve("registry")).install(lambda);
    }

    /** The process of the worker that runs on it. */
    long pid() throws IOException {
        return announced().get("pid").asLong();
    }

    /** The port of the worker that runs on it. */
    int port() throws IOException {
        return announced().get("port").asInt();
    }

    /** What a worker that is ready says of itself. */
    private JsonNode announced() throws IOException {
        return JSON.readTree(path.resolve("worker.json").toFile());
    }

    /** What {@code status} says. */
    JsonNode status() throws IOException, InterruptedException {
        return JSON.readTree(run("status", "--json").out());
    }
}
