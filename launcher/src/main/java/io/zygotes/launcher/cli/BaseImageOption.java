package io.zygotes.launcher.cli;

import io.zygotes.launcher.console.Failure;
import picocli.CommandLine.Option;

/** OpenLambda's option {@code -i}: the Docker image whose files sandboxes have as their root. */
final class BaseImageOption {

    @Option(
            names = {"-i", "--image"},
            paramLabel = "IMAGE",
            description = "OpenLambda's Docker image for sandboxes. Its own images (ol-min, ol-wasm) are taken and not"
                    + " needed: sandboxes have this machine's Python. Others have to be unpacked into a folder that"
                    + " sock_base_path names.")
    private String image = "";

    /**
     * Checks that nothing is asked for that would not happen.
     *
     * @throws Failure if it is; says what to do
     */
    void require() throws Failure {
        // What is in OpenLambda's own images is Python and what it needs to be run by OpenLambda.
        if (!image.isEmpty() && !image.equals("ol-min") && !image.equals("ol-wasm")) {
            throw new Failure("-i: Docker images are not unpacked here. Do it with: mkdir base && docker export"
                    + " $(docker create " + image + ") | tar -x -C base; and set \"sock_base_path\": \"base\" in"
                    + " config.json");
        }
    }
}
