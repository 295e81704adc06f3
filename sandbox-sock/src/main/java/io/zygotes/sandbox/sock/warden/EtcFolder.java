package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.spi.mechanism.Rounds;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code /etc} of one warden's sandboxes: a file system in memory that follows the host's files. A file that was
 * mounted would stay the old one for ever when somebody puts another one in its place, as is done with
 * {@code resolv.conf}.
 *
 * <p>All sandboxes see it, those that live already, too, read-only. What changes is written beside and renamed.
 */
final class EtcFolder implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(EtcFolder.class.getName());

    private static final int MEGABYTES = 16, INODES = 16_384;
    /** How often files are looked at, in milliseconds. */
    private static final long PERIOD = 1000;
    /** Of that many times once all folders, too. */
    private static final int ALL_EVERY = 30;

    private static final String BESIDE = ".new";

    private final EtcSource source;
    private final Descriptor mount;
    private final Path top;
    /** What is written before it is renamed into its place. */
    private final Path beside;

    private final SortedMap<Path, EtcSource.Node> written = new TreeMap<>();
    private Thread follower;
    private int looks;
    private boolean told;

    private EtcFolder(EtcSource source, Descriptor mount) {
        this.source = source;
        this.mount = mount;
        top = Mounts.path(mount);
        beside = top.resolve(BESIDE);
    }

    /** Makes it, with what there is now. */
    static EtcFolder make(EtcSource source) throws IOException {
        EtcFolder made = new EtcFolder(source, Mounts.detachedTmpfs(MEGABYTES, INODES, 0));
        try {
            made.write(source.all(), true);
            return made;
        } catch (IOException | RuntimeException | Error e) {
            made.mount.close();
            throw e;
        }
    }

    /** The mount, which stays this object's. */
    Descriptor mount() {
        return mount;
    }

    /** Begins to follow the host's files, until it is closed. */
    void follow() {
        follower = Rounds.start("etc", "bringing the host's settings into sandboxes", () -> {
            Thread.sleep(PERIOD);
            look();
            return true;
        });
    }

    /** Looks once. */
    void look() throws IOException {
        boolean all = ++looks % ALL_EVERY == 0;
        write(all ? source.all() : source.files(), all);
    }

    /** @param all whether what is not in it is to go */
    private void write(SortedMap<Path, EtcSource.Node> wanted, boolean all) throws IOException {
        for (Path name : List.copyOf(written.keySet())) {
            EtcSource.Node is = written.get(name);
            EtcSource.Node should = wanted.get(name);
            boolean gone = should == null && is != null && (all || isFile(name, is));
            boolean otherKind = should != null && is instanceof EtcSource.Folder != should instanceof EtcSource.Folder;
            if (gone || otherKind && is != null) {
                remove(name);
            }
        }
        for (Map.Entry<Path, EtcSource.Node> entry : wanted.entrySet()) {
            if (!entry.getValue().equals(written.get(entry.getKey()))) {
                put(entry.getKey(), entry.getValue());
            }
        }
    }

    /** Whether a look at files alone sees it. */
    private static boolean isFile(Path name, EtcSource.Node node) {
        return name.getNameCount() == 1 && !(node instanceof EtcSource.Folder);
    }

    private void remove(Path name) throws IOException {
        for (Path below : written.keySet().stream()
                .filter(path -> path.startsWith(name))
                .sorted(Comparator.reverseOrder())
                .toList()) {
            Files.deleteIfExists(top.resolve(below));
            written.remove(below);
        }
    }

    private void put(Path name, EtcSource.Node node) throws IOException {
        Path place = top.resolve(name);
        try {
            switch (node) {
                case EtcSource.Folder _ -> {
                    Files.createDirectories(place);
                    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-xr-x"));
                }
                case EtcSource.Link link -> {
                    Files.createSymbolicLink(beside, link.target());
                    Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
                }
                case EtcSource.Text text -> replace(place, text.content().getBytes(StandardCharsets.US_ASCII));
                case EtcSource.Copy copy -> replace(place, copy.content());
            }
            written.put(name, node);
        } catch (IOException e) {
            // The next look tries again.
            Files.deleteIfExists(beside);
            if (!told) {
                told = true;
                LOG.log(Level.WARNING, "cannot bring /etc/" + name + " into sandboxes, which miss what it says: " + e);
            }
        }
    }

    private void replace(Path place, byte[] content) throws IOException {
        Files.write(beside, content);
        Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(beside, place, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() {
        if (follower != null) {
            follower.interrupt();
            try {
                follower.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        mount.close();
    }
}
