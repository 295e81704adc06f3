package io.zygotes.core.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What OpenLambda's {@code config.json} holds besides, and what its {@code ol worker init} writes there. */
final class OpenLambdaKeys {

    /** Docker sandboxes, what is handed to them, and triggers, which are plugins here. */
    private static final List<String> PASSED_OVER = List.of("docker", "kafka", "sandbox_config");
    /** What every root file system has one of. */
    private static final List<String> IN_A_ROOT = List.of("usr", "bin");

    private OpenLambdaKeys() {}

    /** Passes over whole sections; those that say something are told. */
    static void passOver(Section root, List<String> withoutEffect) {
        for (String key : PASSED_OVER) {
            JsonNode value = root.value(key);
            if (value != null && !(value.isContainerNode() && value.isEmpty())) {
                withoutEffect.add(key);
            }
        }
    }

    /**
     * The root file system for sandboxes. {@code ol worker init} names one in every file, which it unpacks from a Docker
     * image. Who has the file and not the image means the default here: the host's own files.
     *
     * @param path {@code sock_base_path}; empty for the host's own files
     * @param folder that of the file
     * @return empty if it is OpenLambda's place for it and nothing is there
     */
    static String base(String path, Path folder, List<String> withoutEffect) {
        if (path.isEmpty() || !folder.resolve(path).normalize().equals(folder.resolve("lambda"))) {
            return path;
        }
        Path base = folder.resolve("lambda");
        if (IN_A_ROOT.stream().anyMatch(name -> Files.exists(base.resolve(name)))) {
            return path;
        }
        withoutEffect.add("sock_base_path (no root file system was unpacked at " + base
                + ", so sandboxes have the host's own files)");
        return "";
    }
}
