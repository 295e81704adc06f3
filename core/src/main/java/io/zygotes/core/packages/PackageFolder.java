package io.zygotes.core.packages;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.core.files.Folders;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder of one package on disk: {@code files}, which sandboxes see, and {@code package.json}, which says what is
 * in it. Exists whole or not at all.
 */
final class PackageFolder {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FILES = "files";
    private static final String INFO = "package.json";
    private static final Set<String> OWN = Set.of(FILES, INFO);
    private static final String UNFIT = "unfit";
    private static final String VERIFIED = "verified";
    private static final String EXTRAS = "extras";
    private static final String COMPILED = "compiled";
    /** Files in {@code .dist-info} that pip or uv writes, and not the package. */
    private static final Set<String> OF_INSTALL =
            Set.of("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json");

    private static final long MAX_METADATA = 1 << 20;
    /** Characters of a module's name: a pattern with a group that is repeated takes stack for each repetition. */
    private static final int MAX_MODULE = 255;

    private static final Pattern MODULE =
            Pattern.compile("[\\p{L}_][\\p{L}\\p{N}_]*+(?:\\.[\\p{L}_][\\p{L}\\p{N}_]*+)*+");
    private static final Pattern HASH = Pattern.compile("sha(?:256|384|512):[0-9a-f]{64,128}");
    private static final Set<PosixFilePermission> FOR_ALL = PosixFilePermissions.fromString("r--r--r--");
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwxr-xr-x");

    private PackageFolder() {}

    static Path files(Path folder) {
        return folder.resolve(FILES);
    }

    /**
     * Whether a folder is one that a worker made, be it damaged: it has a package's name, and only what they put there.
     */
    static boolean isOne(Path folder) {
        if (!folder.getFileName().toString().contains("==")) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            Set<String> names =
                    entries.map(entry -> entry.getFileName().toString()).collect(Collectors.toSet());
            return !names.isEmpty()
                    && names.stream().allMatch(name -> OWN.contains(name) || name.startsWith("." + INFO + "."));
        } catch (IOException e) {
            return false; // no folder
        }
    }

    /**
     * Reads a finished folder.
     *
     * @return empty if it holds no finished package, or one for another Python
     */
    static Optional<Installed> read(Path folder, PackageId id, String cacheTag) throws IOException {
        Path file = folder.resolve(INFO);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        JsonNode node = JSON.readTree(Files.readAllBytes(file));
        if (!node.path("python").asText().equals(cacheTag)) {
            return Optional.empty();
        }
        PackageInfo info = new PackageInfo(
                id,
                texts(node.path("dependencies")),
                texts(node.path("modules")),
                files(folder),
                node.path("bytes").asLong());
        return Optional.of(new Installed(info, extras(node), Set.copyOf(texts(node.path(VERIFIED)))));
    }

    /**
     * Finishes what an installer wrote: checks it, makes it readable for every sandbox, and writes
     * {@code package.json}. The installer ran code of the package, so nothing that it wrote is believed unchecked and
     * no link is followed.
     *
     * @param folder the staging folder
     * @param metadata the file that the installer wrote
     */
    static void finish(Path folder, Path metadata, PackageId id, String cacheTag) throws IOException {
        if (!Files.isRegularFile(metadata, LinkOption.NOFOLLOW_LINKS) || Files.size(metadata) > MAX_METADATA) {
            throw new IOException("the installer wrote no metadata");
        }
        JsonNode said = JSON.readTree(Files.readAllBytes(metadata));
        List<String> dependencies = new ArrayList<>();
        for (String name : texts(said.path("dependencies"))) {
            dependencies.add(PackageId.normalize(name));
        }
        List<String> modules = texts(said.path("modules"));
        for (String module : modules) {
            if (module.length() > MAX_MODULE || !MODULE.matcher(module).matches()) {
                throw new IOException("the installer names a module '"
                        + module.substring(0, Math.min(module.length(), MAX_MODULE)) + "', which is no module name");
            }
        }
        Extras extras = extras(said);
        long bytes = open(files(folder));
        ObjectNode info = JSON.createObjectNode();
        info.put("name", id.name());
        info.put("version", id.version());
        info.put("python", cacheTag);
        put(info, "dependencies", dependencies);
        put(info, "modules", modules);
        info.put("bytes", bytes);
        if (!extras.equals(Extras.NONE)) {
            ObjectNode node = info.putObject(EXTRAS);
            put(node, "asked", extras.asked());
            ObjectNode own = node.putObject("own");
            extras.own().forEach((extra, needs) -> put(own, extra, needs));
        }
        Folders.write(folder.resolve(INFO), JSON.writeValueAsBytes(info));
    }

    /** Nothing of the kind stands in what earlier versions installed, nor where a package has none. */
    private static Extras extras(JsonNode info) {
        Map<String, List<String>> own = new TreeMap<>();
        info.path(EXTRAS).path("own").properties().forEach(extra -> own.put(extra.getKey(), texts(extra.getValue())));
        return new Extras(texts(info.path(EXTRAS).path("asked")), own);
    }

    /**
     * Hashes of archives of which one was installed, as an installer wrote them down. It is believed only where nothing
     * of a package ran.
     */
    static Set<String> hashes(Path metadata) throws IOException {
        if (Files.size(metadata) > MAX_METADATA) {
            return Set.of();
        }
        List<String> said = texts(JSON.readTree(Files.readAllBytes(metadata)).path("hashes"));
        return said.stream().allMatch(hash -> HASH.matcher(hash).matches()) ? Set.copyOf(said) : Set.of();
    }

    /** The package of a folder; empty if it is not one of a finished package. */
    static Optional<PackageId> identity(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve(INFO))) {
            return Optional.empty();
        }
        JsonNode info = JSON.readTree(Files.readAllBytes(folder.resolve(INFO)));
        try {
            return Optional.of(new PackageId(
                    info.path("name").asText(), info.path("version").asText()));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // somebody else's file of that name
        }
    }

    /** Why no zygote may hold the package of a finished folder; empty if nothing of that kind is known. */
    static Optional<String> unfit(Path folder) throws IOException {
        JsonNode reason =
                JSON.readTree(Files.readAllBytes(folder.resolve(INFO))).path(UNFIT);
        return reason.isTextual() ? Optional.of(reason.asText()) : Optional.empty();
    }

    /** Writes down why no zygote may hold the package of a finished folder. */
    static void markUnfit(Path folder, String reason) throws IOException {
        change(folder, info -> info.put(UNFIT, reason));
    }

    /** Writes down that all files of a finished folder have byte code, as far as they can be compiled. */
    static void markCompiled(Path folder) throws IOException {
        change(folder, info -> info.put(COMPILED, true));
    }

    /** Whether {@link #markCompiled} was called for a finished folder. */
    static boolean isCompiled(Path folder) throws IOException {
        return JSON.readTree(Files.readAllBytes(folder.resolve(INFO)))
                .path(COMPILED)
                .asBoolean();
    }

    /** Hashes of which the archive of a finished folder has one; empty if there is no such folder. */
    static Set<String> verified(Path folder) throws IOException {
        Path file = folder.resolve(INFO);
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                ? Set.copyOf(texts(JSON.readTree(Files.readAllBytes(file)).path(VERIFIED)))
                : Set.of();
    }

    /** Writes down hashes of which the archive of a finished folder has one. */
    static void markVerified(Path folder, Set<String> hashes) throws IOException {
        change(folder, info -> put(info, VERIFIED, hashes.stream().sorted().toList()));
    }

    /** One writer at a time: what a zygote found out and what an install saw stand in the same file. */
    private static synchronized void change(Path folder, Consumer<ObjectNode> change) throws IOException {
        Path file = folder.resolve(INFO);
        if (JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode info) {
            change.accept(info);
            Folders.write(file, JSON.writeValueAsBytes(info));
        }
    }

    /**
     * A file that is in one of two folders only, or not the same in both; empty if there is none. What an installer
     * writes down of an install, the programs that it makes of entry points, and byte code, do not count.
     */
    static Optional<Path> difference(Path one, Path other) throws IOException {
        SortedMap<Path, Path> left = packaged(files(one));
        SortedMap<Path, Path> right = packaged(files(other));
        Set<Path> all = new TreeSet<>(left.keySet());
        all.addAll(right.keySet());
        for (Path name : all) {
            if (!left.containsKey(name) || !right.containsKey(name) || !same(left.get(name), right.get(name))) {
                return Optional.of(name);
            }
        }
        return Optional.empty();
    }

    private static boolean same(Path one, Path other) throws IOException {
        if (Files.isSymbolicLink(one) || Files.isSymbolicLink(other)) {
            return Files.isSymbolicLink(one)
                    && Files.isSymbolicLink(other)
                    && Files.readSymbolicLink(one).equals(Files.readSymbolicLink(other));
        }
        return Files.mismatch(one, other) < 0;
    }

    /** Files of a package by their names in it. */
    private static SortedMap<Path, Path> packaged(Path files) throws IOException {
        SortedMap<Path, Path> all = new TreeMap<>();
        Set<Path> programs = new TreeSet<>();
        try (Stream<Path> found = Files.walk(files)) {
            for (Path file : found.toList()) {
                Path name = files.relativize(file);
                if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS) && !ofInstall(name)) {
                    all.put(name, file);
                    if (name.endsWith("entry_points.txt") && name.getNameCount() == 2) {
                        programs.addAll(programs(file));
                    }
                }
            }
        }
        all.keySet().removeAll(programs);
        return all;
    }

    /** Programs that each installer makes in its own way of what {@code entry_points.txt} says. */
    private static Set<Path> programs(Path entryPoints) throws IOException {
        Set<Path> programs = new TreeSet<>();
        if (!Files.isRegularFile(entryPoints, LinkOption.NOFOLLOW_LINKS) || Files.size(entryPoints) > MAX_METADATA) {
            return programs;
        }
        String section = "";
        for (String line : new String(Files.readAllBytes(entryPoints), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            if (line.startsWith("[")) {
                section = line.strip();
            } else if (section.equals("[console_scripts]") || section.equals("[gui_scripts]")) {
                String name = line.substring(0, Math.max(0, line.indexOf('='))).strip();
                if (!name.isEmpty() && !name.contains("/") && !name.contains("\0")) {
                    programs.add(Path.of("bin", name));
                }
            }
        }
        return programs;
    }

    private static boolean ofInstall(Path name) {
        String parent =
                name.getNameCount() > 1 ? name.getName(name.getNameCount() - 2).toString() : "";
        return parent.equals("__pycache__")
                || parent.endsWith(".dist-info")
                        && OF_INSTALL.contains(name.getFileName().toString());
    }

    /** Lets everybody read and nobody but the owner write; returns the size of all files. */
    private static long open(Path folder) throws IOException {
        long[] bytes = {0};
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path visited, BasicFileAttributes attributes) throws IOException {
                Files.setPosixFilePermissions(visited, FOLDER);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                if (attributes.isRegularFile()) {
                    Set<PosixFilePermission> permissions = EnumSet.copyOf(FOR_ALL);
                    permissions.add(PosixFilePermission.OWNER_WRITE);
                    if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OWNER_EXECUTE)) {
                        permissions.addAll(PosixFilePermissions.fromString("--x--x--x"));
                    }
                    // This takes set-user-id bits away as well.
                    Files.setPosixFilePermissions(file, permissions);
                    bytes[0] += attributes.size();
                } else if (!attributes.isSymbolicLink()) {
                    throw new IOException("the package holds '" + folder.relativize(file)
                            + "', which is neither a file nor a folder nor a link");
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return bytes[0];
    }

    private static void put(ObjectNode node, String key, List<String> texts) {
        ArrayNode array = node.putArray(key);
        texts.forEach(array::add);
    }

    private static List<String> texts(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(text -> all.add(text.asText()));
        return all;
    }
}
