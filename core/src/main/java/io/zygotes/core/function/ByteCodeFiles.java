package io.zygotes.core.function;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The byte code of lambdas on disk: which files have none, and what is written beside them. Safe for use by many
 * threads.
 */
final class ByteCodeFiles {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CACHE = "__pycache__";
    private static final String SUFFIX = ".py";
    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");
    private static final Set<PosixFilePermission> OPEN = PosixFilePermissions.fromString("rwxr-xr-x");
    /** Bytes before the code itself (PEP 552). */
    private static final int HEADER = 16;
    /** Text that is compiled in one go. */
    private static final long MOST_AT_ONCE = 256 << 10;
    /** A file larger than this is data that somebody wrote down as Python; it is compiled where it is imported. */
    private static final long LARGEST = 4 << 20;

    private final Supplier<String> cacheTag;

    /** @param cacheTag for which Python, such as {@code cpython-311} */
    ByteCodeFiles(Supplier<String> cacheTag) {
        this.cacheTag = cacheTag;
    }

    /**
     * The files below a folder without byte code, in parts that can be compiled in one go each.
     *
     * @throws IOException if they cannot be read
     */
    List<List<Path>> missing(Path folder) throws IOException {
        List<List<Path>> parts = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            private long bytes;

            @Override
            public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) {
                return visited.endsWith(CACHE) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                boolean python = attributes.isRegularFile()
                        && file.getFileName().toString().endsWith(SUFFIX)
                        && attributes.size() <= LARGEST;
                if (python && !isWhole(byteCode(file))) {
                    bytes += attributes.size();
                    if (parts.isEmpty() || bytes > MOST_AT_ONCE) { // the first file may be an empty one
                        bytes = attributes.size();
                        parts.add(new ArrayList<>());
                    }
                    parts.getLast().add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return Collections.unmodifiableList(parts);
    }

    /** After a power failure a file may be there without its content. */
    private static boolean isWhole(Path byteCode) {
        try {
            return Files.readAttributes(byteCode, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .size()
                    > HEADER;
        } catch (IOException e) {
            return false; // it is not there
        }
    }

    /** Where Python looks for the byte code of a file (PEP 3147). */
    private Path byteCode(Path file) {
        String name = file.getFileName().toString();
        return file.resolveSibling(CACHE)
                .resolve(name.substring(0, name.length() - SUFFIX.length()) + "." + cacheTag.get() + ".pyc");
    }

    /**
     * The event that asks for the byte code of some files.
     *
     * @param seenAs where sandboxes see the folder
     */
    byte[] event(Path folder, String seenAs, List<Path> files) throws IOException {
        ObjectNode event = JSON.createObjectNode();
        event.put("folder", seenAs);
        ObjectNode texts = event.putObject("files");
        for (Path file : files) {
            texts.put(folder.relativize(file).toString(), Files.readAllBytes(file));
        }
        return JSON.writeValueAsBytes(event);
    }

    /**
     * Writes what was answered to an event.
     *
     * @param files those that were asked for: nothing else is written
     * @return why some could not be compiled, by their names; a name may hold anything
     * @throws IOException if it cannot be written, or is no answer
     */
    List<String> write(Path folder, List<Path> files, byte[] answer) throws IOException {
        JsonNode compiled = JSON.readTree(answer);
        for (Path file : files) {
            JsonNode code = compiled.path("files").path(folder.relativize(file).toString());
            if (code.isTextual()) {
                Path place = byteCode(file);
                if (!Files.isDirectory(place.getParent(), LinkOption.NOFOLLOW_LINKS)) {
                    letAllIn(Files.createDirectory(place.getParent()));
                }
                write(place, code.binaryValue());
            }
        }
        List<String> failed = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : compiled.path("failed").properties()) {
            failed.add(each.getKey() + ": " + each.getValue().asText());
        }
        return failed;
    }

    /** Writes a file that every sandbox can read, whatever the worker's umask is. */
    static void write(Path file, byte[] content) throws IOException {
        Folders.write(file, content);
        Files.setPosixFilePermissions(file, READABLE);
    }

    /** Lets every sandbox look into a folder, whatever the worker's umask is. */
    static void letAllIn(Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, OPEN);
    }
}
