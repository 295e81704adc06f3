package io.zygotes.core.registry;
import java.io.IOException;
import java.nio.file.*;
/** Stub. */
public final class LambdaUploads {
    private final LambdaRegistry registry;
    private LambdaUploads(LambdaRegistry registry) { this.registry = registry; }
    public static LambdaUploads ofWorker(LambdaRegistry registry) { return new LambdaUploads(registry); }
    public void install(String name, Path source) throws RegistryException, IOException {
        Path folder = Files.createDirectories(Files.createTempDirectory("stub").resolve(name));
        try (java.util.zip.ZipInputStream zip = new java.util.zip.ZipInputStream(Files.newInputStream(source))) {
            for (java.util.zip.ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
                Path p = folder.resolve(e.getName()).normalize();
                if (!p.startsWith(folder)) throw new RegistryException(RegistryException.Kind.BROKEN, "climbs");
                Files.createDirectories(p.getParent());
                Files.write(p, zip.readAllBytes());
            }
        }
        registry.store().install(folder);
        registry.lookupNow(name);
    }
    public boolean remove(String name) throws RegistryException, IOException {
        io.zygotes.core.files.Folders.delete(registry.store().folder().resolve(name));
        return true;
    }
}
