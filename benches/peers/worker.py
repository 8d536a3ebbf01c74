"""One peer: reads workloads from standard input, one JSON object a line, and answers each with a line.

    python worker.py PEER TABLES.json

Each workload runs in a process forked after the peer's import, so that a crash, a time-out and the peak memory
are its own. Where a peer can run a workload in several ways, all are timed and the fastest counts.
"""
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
import warnings

THREADS = int(os.environ.get("PEER_THREADS", "2"))
SPAN = {"fwd": 0.3, "fwdbwd": 0.4, "infer": 1.0, "train": 1.5}  # seconds of timed runs
WARM_UP, FEWEST_RUNS, MOST_RUNS = 3, 5, 200

# name: kernel, channels, filters, input sides, strides, groups, transposed
CONVOLUTIONS = {
    "conv3x3_64_64_56": (3, 64, 64, (56, 56), 1, 1, False),
    "conv3x3_128_128_28": (3, 128, 128, (28, 28), 1, 1, False),
    "conv3x3_256_256_14": (3, 256, 256, (14, 14), 1, 1, False),
    "conv3x3_512_512_7": (3, 512, 512, (7, 7), 1, 1, False),
    "conv1x1_256_64_56": (1, 256, 64, (56, 56), 1, 1, False),
    "conv1x1_512_2048_7": (1, 512, 2048, (7, 7), 1, 1, False),
    "conv7x7s2_3_64_224": (7, 3, 64, (224, 224), 2, 1, False),
    "conv3x3s2_128_128_56": (3, 128, 128, (56, 56), 2, 1, False),
    "conv5x5_48_64_28": (5, 48, 64, (28, 28), 1, 1, False),
    "depthwise3x3_256_56": (3, 256, 256, (56, 56), 1, 256, False),
    "deconv4x4s2_128_64_28": (4, 128, 64, (28, 28), 2, 1, True),
    "conv3d3_64_64_8x56x56": (3, 64, 64, (8, 56, 56), 1, 1, False),
    "conv1d9_64_128_4096": (9, 64, 128, (4096,), 1, 1, False),
}


class Workload:
    def __init__(self, name, table):
        self.name = name
        self.kind, self.what, batch = name.split("/")
        self.batch = int(batch[1:])
        self.conv = CONVOLUTIONS.get(self.what)
        self.table = table.get(self.what)


# ---------------------------------------------------------------- PyTorch, and what runs its models


def torch_parts(w):
    import torch
    from torch import nn

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    if w.table:
        from torch_network import Network

        height, width, channels = w.table["input"]
        return Network(w.table), torch.randn(w.batch, channels, height, width)
    kernel, channels, filters, size, strides, groups, transposed = w.conv
    padding = (kernel - strides) // 2 if transposed else kernel // 2
    if transposed:
        module = nn.ConvTranspose2d(channels, filters, kernel, strides, padding, bias=False)
    else:
        make = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[len(size)]
        module = make(channels, filters, kernel, strides, padding, groups=groups, bias=False)
    return module, torch.randn(w.batch, channels, *size)


def torch_ways(w, compiled=False):
    import torch

    layouts = {"nchw": torch.contiguous_format}
    last = {4: torch.channels_last, 5: torch.channels_last_3d}
    rank = 4 if w.table else len(w.conv[3]) + 2
    if rank in last:
        layouts["channels_last"] = last[rank]
    if compiled:
        layouts = {"compiled": torch.contiguous_format}
    for way, layout in layouts.items():
        module, x = torch_parts(w)
        module, x = module.to(memory_format=layout), x.contiguous(memory_format=layout)
        if w.kind == "train":
            from torch_network import cross_entropy_step

            module.train()
            classes = [row for row in w.table["layers"] if row["class"] == "Dense"][-1]["config"]["units"]
            yield way, cross_entropy_step(module, x, classes, torch.compile(module) if compiled else module)
        elif w.kind == "fwdbwd":
            x.requires_grad_()
            upstream = torch.randn_like(module(x)).contiguous(memory_format=layout)
            yield way, lambda m=module, x=x, up=upstream: torch.autograd.grad(m(x), (x, m.weight), up)
        else:
            module.eval()
            if compiled:
                import torch._inductor.config as inductor

                inductor.freezing = True  # folds batch normalisation, packs weights once
                module = torch.compile(module)
            yield way, no_grad(module, x)


def no_grad(module, x):
    import torch

    def forward():
        with torch.no_grad():
            module(x)

    return forward


def torch_compile_ways(w):
    return torch_ways(w, compiled=True)


def torch_frozen_ways(w):
    import torch

    module, x = torch_parts(w)
    with torch.no_grad():
        script = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module.eval(), x)))
    yield "frozen", no_grad(script, x)


def onnxruntime_ways(w):
    import onnxruntime
    import torch

    module, x = torch_parts(w)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        torch.onnx.export(module.eval(), (x,), path, dynamo=False, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {"x": x.numpy()}
    yield "session", lambda: session.run(None, feed)


def openvino_ways(w, precision="f32"):
    import openvino

    module, x = torch_parts(w)
    model = openvino.convert_model(module.eval(), example_input=x, input=[list(x.shape)])
    compiled = openvino.Core().compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": THREADS, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(x.numpy(), shared_memory=True))
    yield "request", request.infer


def openvino_bf16_ways(w):
    return openvino_ways(w, "bf16")


# ---------------------------------------------------------------- TensorFlow, Keras, JAX


def arrays(w):
    """Input, weights and a gradient of the output, channels last."""
    import numpy

    rng = numpy.random.default_rng(0)
    draw = lambda *shape: rng.standard_normal(shape, dtype=numpy.float32)  # noqa: E731
    if w.table:
        return draw(w.batch, *w.table["input"])
    kernel, channels, filters, size, strides, groups, transposed = w.conv
    taps = (kernel,) * len(size)
    weights = draw(*taps, filters, channels) if transposed else draw(*taps, channels // groups, filters)
    output = [side * strides if transposed else -(-side // strides) for side in size]
    return draw(w.batch, *size, channels), weights, draw(w.batch, *output, filters)


def keras_ways(w, compiled):
    import keras
    import numpy
    from tables import keras_model

    model, x = keras_model(w.what), arrays(w)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss if w.kind == "train" else "mse", jit_compile=compiled)
    if w.kind == "train":
        y = numpy.arange(w.batch) % model.output_shape[-1]
        yield "train_on_batch", lambda: model.train_on_batch(x, y)
        return
    yield "predict_on_batch", lambda: model.predict_on_batch(x)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        graph, tensor = tf.function(lambda t: model(t, training=False), jit_compile=compiled), tf.constant(x)
        yield "function", lambda: graph(tensor).numpy()


def tensorflow_ways(w, compiled=False):
    import tensorflow as tf

    if w.table:
        yield from keras_ways(w, compiled)
        return
    _, _, filters, size, strides, groups, transposed = w.conv
    x, k, dy = (tf.constant(array) for array in arrays(w))

    def conv(x, k):
        if transposed:
            return tf.nn.conv2d_transpose(x, k, dy.shape, strides, "SAME")
        if groups > 1:
            return tf.nn.depthwise_conv2d(x, tf.transpose(k, [0, 1, 3, 2]), [1, strides, strides, 1], "SAME")
        if len(size) == 3:
            return tf.nn.conv3d(x, k, [1] * 5, "SAME")
        return {1: tf.nn.conv1d, 2: tf.nn.conv2d}[len(size)](x, k, strides, "SAME")

    def both_ways(x, k):
        with tf.GradientTape() as tape:
            tape.watch([x, k])
            y = conv(x, k)
        return y, tape.gradient(y, [x, k], dy)

    function = tf.function(both_ways if w.kind == "fwdbwd" else conv, jit_compile=compiled)
    # .numpy() waits for the result.
    yield "function", lambda: tf.nest.map_structure(lambda tensor: tensor.numpy().shape, function(x, k))


def tensorflow_xla_ways(w):
    return tensorflow_ways(w, compiled=True)


def jax_ways(w):
    if w.table:
        yield from keras_ways(w, True)
        return
    import jax
    from jax import lax

    *_, size, strides, groups, transposed = w.conv
    spatial = "DHW"[-len(size):]
    layout = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    x, k, dy = (jax.device_put(array) for array in arrays(w))
    if transposed:
        conv = lambda x, k: lax.conv_transpose(x, k, (strides,) * 2, "SAME", dimension_numbers=layout, transpose_kernel=True)  # noqa: E731
    else:
        conv = lambda x, k: lax.conv_general_dilated(  # noqa: E731
            x, k, (strides,) * len(size), "SAME", dimension_numbers=layout, feature_group_count=groups)

    def both_ways(x, k):
        y, pull = jax.vjp(conv, x, k)
        return y, pull(dy)

    function = jax.jit(both_ways if w.kind == "fwdbwd" else conv)
    yield "jit", lambda: jax.block_until_ready(function(x, k))


# ---------------------------------------------------------------- peers


def import_torch(*others):
    import torch

    torch.set_num_threads(THREADS)
    versions = {"torch": torch.__version__}
    for name in others:
        versions[name] = __import__(name).__version__
    return versions


def import_keras(backend):
    os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if backend == "jax":  # XLA has no option for threads: it uses the cores that it sees
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    import keras

    versions = {"keras": keras.__version__}
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        versions["tensorflow"] = tf.__version__
    else:
        versions["jax"] = __import__("jax").__version__
    return versions


PEERS = {  # name: what imports it, the ways it can run a workload, the kinds of workload
    "openvino": (lambda: import_torch("openvino"), openvino_ways, ("fwd", "infer")),
    "onnxruntime": (lambda: import_torch("onnxruntime"), onnxruntime_ways, ("fwd", "infer")),
    "torch": (import_torch, torch_ways, ("fwd", "fwdbwd", "infer", "train")),
    "torch-frozen": (import_torch, torch_frozen_ways, ("fwd", "infer")),
    "torch-compile": (import_torch, torch_compile_ways, ("infer", "train")),
    "tensorflow": (lambda: import_keras("tensorflow"), tensorflow_ways, ("fwd", "fwdbwd", "infer", "train")),
    "tensorflow-xla": (lambda: import_keras("tensorflow"), tensorflow_xla_ways, ("fwd", "fwdbwd", "infer", "train")),
    "jax": (lambda: import_keras("jax"), jax_ways, ("fwd", "fwdbwd", "infer", "train")),
    "openvino-bf16": (lambda: import_torch("openvino"), openvino_bf16_ways, ("fwd", "infer")),
}


def time_call(call, span):
    for _ in range(WARM_UP):
        call()
    times, total = [], 0.0
    while len(times) < MOST_RUNS and (len(times) < FEWEST_RUNS or total < span):
        begun = time.perf_counter()
        call()
        took = time.perf_counter() - begun
        total += took
        times.append(1e3 * took)
    return times


def work_of(w):
    """Weights and multiply-adds of the network as a PyTorch module; a peer that takes the Keras model has Keras's."""
    if not w.table or "torch" not in sys.modules:
        return {}
    from torch_network import multiply_adds

    module, x = torch_parts(w)
    buffers = [value for name, value in module.named_buffers() if "running" in name]
    parameters = sum(value.numel() for value in [*module.parameters(), *buffers])
    return {"parameters": parameters, "macs": multiply_adds(module, x)}


def run(ways, w, pipe):
    try:
        warnings.simplefilter("ignore")
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        timed = {way: time_call(call, SPAN[w.kind]) for way, call in ways(w)}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        best = min(timed, key=lambda way: statistics.median(timed[way]))
        times = timed[best]
        pipe.send({
            "median_ms": round(statistics.median(times), 4), "min_ms": round(min(times), 4), "runs": len(times),
            "peak_rss_mb": peak, "algorithm": best, **work_of(w)})
    except BaseException as error:  # noqa: BLE001 - whatever a framework throws is its answer
        pipe.send({"error": f"{type(error).__name__}: {error}"[:300]})
    os._exit(0)


def in_child(ways, w, limit):
    fork = multiprocessing.get_context("fork")
    receive, send = fork.Pipe(duplex=False)
    child = fork.Process(target=run, args=(ways, w, send))
    child.start()
    send.close()
    try:
        answer = receive.recv() if receive.poll(limit) else {"error": f"over {limit} s"}
    except EOFError:
        answer = {"error": "the process died"}
    child.kill()
    child.join()
    return answer


def main():
    peer, tables = sys.argv[1], json.load(open(sys.argv[2]))
    importing, ways, kinds = PEERS[peer]
    try:
        hello = {"versions": importing(), "kinds": kinds}
    except ImportError as error:
        hello = {"error": str(error)}
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        w = Workload(line.strip(), tables)
        print(json.dumps(in_child(ways, w, 120)), flush=True)


if __name__ == "__main__":
    main()
