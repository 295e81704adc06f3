package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.spi.PackageId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfitPackagesTest {

    private static final PackageId ONE = PackageId.parse("one==1.0"), TWO = PackageId.parse("two==2.0");

    @TempDir
    private Path folder;

    private void installed(PackageId id) throws Exception {
        Path place = Files.createDirectory(folder.resolve(id.toString()));
        Files.writeString(
                place.resolve("package.json"),
                "{\"name\": \"%s\", \"version\": \"%s\", \"modules\": []}".formatted(id.name(), id.version()));
    }

    @Test
    void whatAWorkerLearnedIsKnownToTheNextOneAndToWhoeverLooks() throws Exception {
        installed(ONE);
        installed(TWO);
        UnfitPackages first = new UnfitPackages(folder);
        first.learn(Map.of(ONE, "it keeps a socket open"));
        assertEquals(Optional.of("it keeps a socket open"), first.reason(ONE));

        UnfitPackages second = new UnfitPackages(folder);
        second.read(ONE);
        second.read(TWO);
        assertEquals(Map.of(ONE, "it keeps a socket open"), second.all());
        assertEquals(Map.of(ONE, "it keeps a socket open"), UnfitPackages.in(folder));
    }

    @Test
    void foldersOfNoPackageArePassedOver() throws Exception {
        Files.createDirectory(folder.resolve("half"));
        Files.writeString(Files.createDirectory(folder.resolve("other")).resolve("package.json"), "{}");
        assertEquals(Map.of(), UnfitPackages.in(folder));
        assertEquals(Map.of(), UnfitPackages.in(folder.resolve("none")));
    }
}
