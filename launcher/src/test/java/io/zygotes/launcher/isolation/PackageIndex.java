package io.zygotes.launcher.isolation;

import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** A package index in a folder, with source packages whose build is code of theirs: it runs when they are installed. */
record PackageIndex(Path folder) implements AutoCloseable {

    /** A build backend (PEP 517): runs the attack, and puts all that is in {@code modules} into the wheel. */
    private static final String BACKEND = """
        import os, zipfile
        def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
            import attack
            name, version = open("NAME").read().split()
            info = "%s-%s.dist-info/" % (name, version)
            file = "%s-%s-py3-none-any.whl" % (name, version)
            with zipfile.ZipFile(os.path.join(wheel_directory, file), "w") as wheel:
                for module in os.listdir("modules"):
                    wheel.write("modules/" + module, module)
                wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (name, version))
                wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
                wheel.writestr(info + "RECORD", "")
            return file
        """;

    static PackageIndex make() throws IOException {
        return new PackageIndex(Files.createTempDirectory("zygotes-index-"));
    }

    /** As {@code pip_mirror} takes it. */
    String url() {
        return folder.resolve("simple").toUri().toString();
    }

    /** Adds version 1 of a package with these modules, whose build does something first. */
    void add(String name, Map<String, String> modules, String attack) throws IOException, InterruptedException {
        Path home = Files.createDirectories(folder.resolve("simple").resolve(name));
        String file = name + "-1.tar.gz";
        Map<String, String> files = new HashMap<>(Map.of(
                "PKG-INFO", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1\n",
                "pyproject.toml",
                        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
                "NAME", name + " 1",
                "backend.py", BACKEND,
                "attack.py", "import os\n" + attack));
        modules.forEach((module, text) -> files.put("modules/" + module, text));
        Path source = Files.createDirectories(folder.resolve("sources").resolve(name + "-1"));
        Files.createDirectories(source.resolve("modules"));
        for (Map.Entry<String, String> one : files.entrySet()) {
            Files.writeString(source.resolve(one.getKey()), one.getValue());
        }
        Process tar = new ProcessBuilder("tar", "czf", home.resolve(file).toString(), name + "-1")
                .directory(source.getParent().toFile())
                .inheritIO()
                .start();
        if (tar.waitFor() != 0) {
            throw new IOException("tar cannot pack " + source);
        }
        Files.writeString(home.resolve("index.html"), "<a href=\"" + file + "\">" + file + "</a>\n");
    }

    /** The hash of a package's archive, as {@code --hash} takes it. */
    String hash(String name) throws IOException {
        byte[] archive =
                Files.readAllBytes(folder.resolve("simple").resolve(name).resolve(name + "-1.tar.gz"));
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(archive));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        Folders.delete(folder);
    }
}
