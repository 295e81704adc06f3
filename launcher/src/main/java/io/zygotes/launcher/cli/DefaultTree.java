package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.plugin.tree.model.TreeReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The tree that a new worker directory gets. */
final class DefaultTree {

    /** For an image without the plugin tree: a root, and nothing imported ahead. */
    private static final String ROOT_ONLY = "{\"packages\": [], \"children\": []}\n";

    private DefaultTree() {}

    /** Makes a worker directory with it. */
    static WorkerDirectory init(Path path) throws IOException {
        return WorkerDirectory.init(path, new ByteArrayInputStream(content()));
    }

    /** The file. */
    static byte[] content() {
        return (OptionalTree.present() ? TreeReader.bundledText() : ROOT_ONLY).getBytes(StandardCharsets.UTF_8);
    }
}
