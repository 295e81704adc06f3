package io.zygotes.core.registry;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** What changes when a file of a lambda changes; cheap, without reading content. Of one thread. */
final class Fingerprint extends SimpleFileVisitor<Path> {

    private final Path lambda;
    private final LeftAside aside;
    private final StringBuilder all = new StringBuilder();
    private int seen;

    private Fingerprint(Path lambda) throws IOException {
        this.lambda = lambda;
        this.aside = leftAside(lambda);
    }

    /**
     * The fingerprint of a lambda's folder or archive.
     *
     * @throws IOException if it cannot be looked at
     */
    static String of(Path source) throws IOException {
        Fingerprint visitor = new Fingerprint(source.toRealPath());
        Files.walkFileTree(visitor.lambda, visitor);
        return visitor.all.toString();
    }

    /** A file that is wrong leaves nothing out here: whoever reads the lambda will refuse it. */
    private static LeftAside leftAside(Path lambda) throws IOException {
        try {
            return LeftAside.of(lambda);
        } catch (CodeWriter.RefusedException e) {
            return LeftAside.byNames();
        }
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
        return isLeftAside(folder, true) ? FileVisitResult.SKIP_SUBTREE : note(folder, attributes);
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        return isLeftAside(file, false) ? FileVisitResult.CONTINUE : note(file, attributes);
    }

    private boolean isLeftAside(Path place, boolean folder) {
        try {
            return !place.equals(lambda) && aside.is(lambda, place, folder);
        } catch (CodeWriter.RefusedException e) {
            return false; // as above
        }
    }

    private FileVisitResult note(Path place, BasicFileAttributes attributes) throws IOException {
        if (++seen > LambdaStore.MAX_ENTRIES) {
            // Whoever reads the lambda will refuse it; this text says that it is still the same.
            return FileVisitResult.TERMINATE;
        }
        // The change time notices a file that was replaced by one of the same size and modification time.
        all.append(lambda.relativize(place))
                .append('\0')
                .append(Files.getAttribute(place, "unix:ctime", LinkOption.NOFOLLOW_LINKS))
                .append('\0')
                .append(attributes.size())
                .append('\0')
                .append(attributes.fileKey())
                .append('\n');
        return FileVisitResult.CONTINUE;
    }
}
