package io.zygotes.plugin.tree.model;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.stream.Collectors;

/** Writes trees as JSON, one node a line, so that two trees can be compared with {@code diff}. */
public final class TreeWriter {

    private TreeWriter() {}

    /** The tree as JSON text, with a line end at the end. */
    public static String json(ZygoteTree tree) {
        StringBuilder out = new StringBuilder();
        write(tree.root(), "", out);
        return out.append('\n').toString();
    }

    private static void write(ZygoteTree.Node node, String indent, StringBuilder out) {
        // Names and versions hold no character that JSON would want escaped.
        String packages =
                node.packages().stream().map(p -> '"' + p.toString() + '"').collect(Collectors.joining(", "));
        out.append(indent).append("{\"packages\": [").append(packages).append("], \"children\": [");
        for (int i = 0; i < node.children().size(); i++) {
            out.append(i == 0 ? "\n" : ",\n");
            write(node.children().get(i), indent + "  ", out);
        }
        if (!node.children().isEmpty()) {
            out.append('\n').append(indent);
        }
        out.append("]}");
    }

    /**
     * Writes the tree to a file: to a new one beside it that then takes its name, so that nobody ever sees half a tree.
     *
     * @param file the file; replaced if it exists
     * @throws IOException if it cannot be written; the file is then as it was
     */
    public static void write(ZygoteTree tree, Path file) throws IOException {
        write(json(tree), file);
    }

    /**
     * Writes a text to a file in the same way.
     *
     * @param file the file; replaced if it exists
     * @throws IOException if it cannot be written; the file is then as it was
     */
    public static void write(String text, Path file) throws IOException {
        Path beside = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.writeString(
                    beside, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(beside);
        }
    }
}
