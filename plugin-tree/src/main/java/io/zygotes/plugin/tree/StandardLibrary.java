package io.zygotes.plugin.tree;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Modules of the standard library that are worth to be in every zygote. */
final class StandardLibrary {

    private static final String RESOURCE = "standard-library.txt";

    /** In the order in which they are imported. The file says where they come from. */
    static final List<String> MEASURED = read();

    private StandardLibrary() {}

    private static List<String> read() {
        try (InputStream in = StandardLibrary.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException(RESOURCE + " is missing in the module of the tree");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("#", 2)[0].strip())
                    .filter(name -> !name.isEmpty())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + RESOURCE + " of the module of the tree", e);
        }
    }
}
