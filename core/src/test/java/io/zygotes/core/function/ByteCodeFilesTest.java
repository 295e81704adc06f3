package io.zygotes.core.function;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ByteCodeFilesTest {

    private final ByteCodeFiles files = new ByteCodeFiles(() -> "cpython-311");

    @TempDir
    private Path folder;

    @Test
    void emptyFilesHaveNoByteCodeEither() throws IOException {
        Path only = file("package/__init__.py", "");

        assertEquals(List.of(List.of(only)), files.missing(folder));
    }

    @Test
    void filesAreInPartsOfBoundedSize() throws IOException {
        Set<Path> all =
                Set.of(file("a.py", "#".repeat(200 << 10)), file("b.py", ""), file("c.py", "#".repeat(200 << 10)));

        List<List<Path>> parts = files.missing(folder);

        assertEquals(2, parts.size());
        assertEquals(all, parts.stream().flatMap(Collection::stream).collect(Collectors.toSet()));
    }

    @Test
    void filesWithByteCodeAreNotMissing() throws IOException {
        file("a.py", "");
        file("__pycache__/a.cpython-311.pyc", "sixteen bytes, and code");

        assertEquals(List.of(), files.missing(folder));
    }

    private Path file(String path, String text) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }
}
