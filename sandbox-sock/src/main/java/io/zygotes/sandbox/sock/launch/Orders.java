package io.zygotes.sandbox.sock.launch;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.sandbox.sock.protocol.Frame;
import io.zygotes.sandbox.sock.protocol.Instructions;
import io.zygotes.sandbox.sock.protocol.Order;
import io.zygotes.sandbox.sock.protocol.PackageFolder;
import io.zygotes.sandbox.sock.sandbox.SockSandbox;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What a sandbox is told after its birth: which trees to mount, then to go. Of one thread. */
final class Orders implements AutoCloseable {

    private final LaunchContext context;
    private final SockSandbox sandbox;
    private final long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(Launch.patience());
    private final List<Descriptor> trees = new ArrayList<>();
    private final List<Order.Place> places = new ArrayList<>();

    Orders(LaunchContext context, SockSandbox sandbox) {
        this.context = context;
        this.sandbox = sandbox;
    }

    void mount(Path source, String target, boolean isFolder, boolean writable)
            throws IOException, TimeoutException, InterruptedException {
        trees.add(Mounts.detachedTree(source.toString(), writable));
        places.add(new Order.Place(target, isFolder));
        if (trees.size() == Order.MOST_PLACES) {
            send(Optional.empty());
        }
    }

    void mountPackages(Collection<PackageId> packages)
            throws IOException, TimeoutException, InterruptedException, SandboxException {
        for (PackageId id : packages) {
            mount(context.installed(id).folder(), PackageFolder.path(id), true, false);
        }
    }

    /** For a spare that is told nothing but where its code is. */
    void goAsUsual() throws IOException, TimeoutException, InterruptedException {
        sandbox.channel().send(Frame.goNow(), deadline, trees);
        close();
    }

    void go(Instructions instructions) throws IOException, TimeoutException, InterruptedException {
        send(Optional.of(instructions));
    }

    private void send(Optional<Instructions> instructions) throws IOException, TimeoutException, InterruptedException {
        sandbox.channel().send(new Order(places, instructions).frame(), deadline, trees);
        close();
        places.clear();
    }

    @Override
    public void close() {
        trees.forEach(Descriptor::close);
        trees.clear();
    }
}
