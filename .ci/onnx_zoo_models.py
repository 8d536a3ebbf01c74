"""The architectures of onnx_zoo.py, and how each leaves the library that has it as a file.

A family is a function that gives cases: name, form, and what writes the file to a path and returns the shapes of its inputs.
"""

import contextlib
import io
import os
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime

TORCHVISION = """
    alexnet vgg11_bn resnet18 resnext50_32x4d wide_resnet50_2 densenet121 googlenet inception_v3 mobilenet_v2
    mobilenet_v3_small mnasnet0_5 shufflenet_v2_x0_5 squeezenet1_1 efficientnet_b0 efficientnet_v2_s regnet_x_400mf
    regnet_y_400mf convnext_tiny"""
SEGMENTATION = "deeplabv3_mobilenet_v3_large fcn_resnet50 lraspp_mobilenet_v3_large"
DETECTION = "ssdlite320_mobilenet_v3_large ssd300_vgg16 retinanet_resnet50_fpn fasterrcnn_mobilenet_v3_large_320_fpn"
TIMM = """
    resnet18 resnet26d resnet26t resnest14d res2net50_26w_4s seresnet18 ecaresnet26t skresnet18 resnetv2_50 resnetrs50
    seresnext26d_32x4d gcresnext26ts legacy_seresnet18 legacy_xception xception41 inception_resnet_v2 inception_v4
    nasnetalarge pnasnet5large dpn48b dla34 dla60_res2net hrnet_w18_small ese_vovnet19b_slim vovnet39a ghostnet_100
    ghostnetv2_100 ghostnetv3_050 tinynet_e mixnet_s fbnetc_100 fbnetv3_b mobilenetv4_conv_small mobileone_s0 repvgg_a0
    repghostnet_050 regnety_002 regnetz_b16 nfnet_l0 eca_nfnet_l0 nf_regnet_b0 convnext_atto convnextv2_atto
    convmixer_768_32 hardcorenas_a cspresnet50 cspdarknet53 cs3darknet_s efficientnet_lite0 tf_efficientnet_b0
    efficientnetv2_rw_t tf_mobilenetv3_small_minimal_100 semnasnet_075 spnasnet_100 gernet_s edgenext_xx_small fastvit_t8
    poolformer_s12 convformer_s18 repvit_m0_9 lcnet_050 rexnet_100 selecsls42 tresnet_m focalnet_tiny_srf
    inception_next_atto starnet_s1 hgnet_tiny hgnetv2_b0 rdnet_tiny mambaout_femto halonet26t botnet26t_256
    lambda_resnet26t mobilevit_xxs mobilevitv2_050 efficientvit_b0 coatnet_pico_rw_224 levit_128s"""
SMALL_TIMM = {"nasnetalarge": 96, "pnasnet5large": 96, "inception_v4": 128, "inception_resnet_v2": 128, "halonet26t": 256,
              "botnet26t_256": 256, "lambda_resnet26t": 256, "coatnet_pico_rw_224": 224, "levit_128s": 224, "mobilevit_xxs": 128}
ULTRALYTICS = """
    yolov3-tiny yolov5n yolov6n yolov8n yolov8n-seg yolov8n-pose yolov8n-cls yolov8n-obb yolov9t yolov10n yolo11n yolo11n-seg
    yolo12n"""
SMP = "Unet UnetPlusPlus FPN DeepLabV3Plus PAN MAnet Linknet PSPNet"
KERAS = "MobileNetV2 MobileNetV3Small EfficientNetB0 ResNet50V2 Xception DenseNet121 NASNetMobile ConvNeXtTiny"

# How a network of torch leaves it: exporter, version of the operator set, which axes are open.
ONE = [("script", 17, "batch")]
USUAL = ONE + [("dynamo", 18, "batch")]
ALL = USUAL + [("script", 11, "fixed"), ("script", 13, "batch"), ("script", 17, "size"), ("dynamo", 18, "fixed"), ("dynamo", 18, "size"), ("dynamo", 20, "batch")]


def enliven(network):
    """Random numbers for all that starts as zero, one, or too small to be seen."""
    import torch
    generator = torch.Generator().manual_seed(5)
    for name, value in list(network.named_parameters()) + list(network.named_buffers()):
        if not value.is_floating_point():
            continue
        last = name.rsplit(".", 1)[-1]
        with torch.no_grad():
            if last == "running_mean":
                value.normal_(0, 0.1, generator=generator)
            elif last == "running_var":
                value.uniform_(0.8, 1.5, generator=generator)
            elif value.ndim <= 1 and (last.startswith(("weight", "gamma", "scale", "beta", "gain", "skipinit")) or "layer_scale" in name):
                value.uniform_(0.4, 1, generator=generator)
            elif "layer_scale" in name or last in ("gamma", "grn"):
                value.uniform_(0.2, 1, generator=generator)
            elif last == "bias":
                value.normal_(0, 0.05, generator=generator)
    return network.eval()


def export_torch(network, example, path, variant):
    import torch
    exporter, opset, axes = variant
    which = {"fixed": {}, "batch": {0: "n"}, "size": {0: "n", 2: "h", 3: "w"}}[axes]
    options = dict(input_names=["x0"], opset_version=opset)
    if exporter == "script":
        options.update(dynamo=False, dynamic_axes={"x0": which} if which else None)
    else:
        options.update(dynamo=True, verbose=False)
        if which:
            # A single item would make the batch a constant.
            example = torch.cat([example, example])
            options.update(dynamic_shapes=({axis: torch.export.Dim.DYNAMIC for axis in which},))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (example,), str(path), **options)


def torch_cases(name, make, shape, variants):
    """`make` gives the network; each way out of torch is a case."""
    made = []
    for variant in variants:
        def export(path, variant=variant):
            import torch
            if not made:
                torch.manual_seed(3)
                made.append(enliven(make()))
            example = torch.randn(1, *shape, generator=torch.Generator().manual_seed(7))
            export_torch(made[0], example, path, variant)
            return [(1 if variant[2] == "fixed" else 2, *shape)]
        yield name, " ".join(map(str, variant)), export


def torchvision(variants):
    from torchvision import models

    def of(name, **more):
        return lambda: models.get_model(name, weights=None, **more)
    for name in TORCHVISION.split():
        side = {"alexnet": 224, "vgg11_bn": 224, "inception_v3": 96, "convnext_tiny": 96}.get(name, 64)
        more = dict(aux_logits=False, init_weights=False) if name in ("googlenet", "inception_v3") else {}
        yield from torch_cases(name, of(name, **more), (3, side, side), variants)


def segmentation(variants):
    from torch import nn
    from torchvision import models

    class Out(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            return self.network(x)["out"]
    for name in SEGMENTATION.split():
        make = lambda name=name: Out(models.get_model(name, weights=None, weights_backbone=None, num_classes=5))
        yield from torch_cases(name, make, (3, 96, 96), variants)


def detection(variants):
    from torch import nn
    from torchvision import models

    class Flat(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            found = self.network([x[0]])[0]
            return found["boxes"], found["scores"], found["labels"]
    for name in DETECTION.split():
        make = lambda name=name: Flat(models.get_model(name, weights=None, weights_backbone=None, num_classes=5))
        side = 320 if "320" in name or "300" in name else 160
        yield from torch_cases(name, make, (3, side, side), [one for one in variants if one[2] == "fixed"] or [("script", 17, "fixed")])


def timm_models(variants):
    import timm
    for name in TIMM.split():
        side = SMALL_TIMM.get(name, 64)
        yield from torch_cases(name, lambda name=name: timm.create_model(name, pretrained=False), (3, side, side), variants)


def smp(variants):
    import segmentation_models_pytorch as library
    for name in SMP.split():
        make = lambda name=name: getattr(library, name)("resnet18" if name != "DeepLabV3Plus" else "mobilenet_v2", encoder_weights=None, classes=3)
        side = 128 if name == "PAN" else 96
        yield from torch_cases(name, make, (3, side, side), variants)


def small_networks(variants):
    from torch import nn

    class Crnn(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
                                      nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d((8, 1)))
            self.rnn = nn.LSTM(64, 24, num_layers=2, bidirectional=True)
            self.head = nn.Linear(48, 11)

        def forward(self, x):
            x = self.body(x).flatten(1, 2).permute(2, 0, 1)
            return nn.functional.log_softmax(self.head(self.rnn(x)[0]), 2)

    class DnCnn(nn.Module):
        def __init__(self):
            super().__init__()
            middle = [layer for _ in range(4) for layer in (nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())]
            self.body = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), *middle, nn.Conv2d(16, 1, 3, padding=1))

        def forward(self, x):
            return x - self.body(x)

    espcn = lambda: nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.Tanh(), nn.Conv2d(32, 16, 3, padding=1), nn.Tanh(),
                                  nn.Conv2d(16, 9, 3, padding=1), nn.PixelShuffle(3))
    yield from torch_cases("espcn", espcn, (1, 24, 24), variants)
    yield from torch_cases("dncnn", DnCnn, (1, 32, 32), variants)
    yield from torch_cases("crnn", Crnn, (1, 32, 64), [one for one in variants if one[2] != "size"])


def ultralytics(variants):
    import torch
    from ultralytics import YOLO
    from ultralytics.utils import LOGGER
    LOGGER.setLevel("ERROR")
    forms = {"plain": {}, "dynamic simplified": dict(dynamic=True, simplify=True), "nms": dict(nms=True), "half": dict(half=True)}
    if len(variants) <= len(USUAL):
        del forms["half"]
    for name in ULTRALYTICS.split():
        for form, options in forms.items():
            if form == "nms" and name.endswith("-cls") or form == "half" and name != "yolov8n":
                continue

            def export(path, name=name, options=options):
                torch.manual_seed(3)
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    model = YOLO(f"{name}.yaml", verbose=False)
                    enliven(model.model)
                    model.model.pt_path = str(path.with_suffix(".pt"))
                    made = model.export(format="onnx", imgsz=128, verbose=False, **({"simplify": False} | options))
                os.replace(made, path)
                return [(2 if "dynamic" in options else 1, 3, 128, 128)]
            yield name, f"ultralytics {form}", export


def keras_applications(_):
    import keras

    def of(name, side):
        keras.utils.set_random_seed(3)
        model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=10)
        random = np.random.default_rng(4)
        for layer in model.layers:
            for weight in layer.weights:
                last = weight.path.rsplit("/", 1)[-1]
                low, high = {"moving_variance": (0.8, 1.5), "gamma": (0.4, 1), "moving_mean": (-0.1, 0.1), "beta": (-0.1, 0.1), "bias": (-0.1, 0.1)}.get(last, (None, None))
                if low is not None:
                    weight.assign(random.uniform(low, high, weight.shape))
        model(np.zeros((1, side, side, 3), np.float32))
        return model
    for name in KERAS.split():
        side = 224 if name == "NASNetMobile" else 96

        def own(path, name=name, side=side):
            with contextlib.redirect_stdout(io.StringIO()):
                of(name, side).export(str(path), format="onnx", verbose=False)
            return [(2, side, side, 3)]

        def tf2onnx_(path, name=name, side=side):
            import tensorflow
            import tf2onnx
            model = of(name, side)
            function = tensorflow.function(lambda x: model(x, training=False))
            signature = [tensorflow.TensorSpec((None, side, side, 3), tensorflow.float32, name="x")]
            tf2onnx.convert.from_function(function, signature, opset=13, inputs_as_nchw=None, output_path=str(path))
            return [(2, side, side, 3)]
        yield name, "keras", own
        yield name, "tf2onnx 13", tf2onnx_


def changed(variants):
    """Other element types of two networks: quantized, half, double, bfloat16, weights in a file of their own."""
    from onnxruntime import quantization
    from torchvision import models
    networks = {"resnet18": lambda: models.resnet18(weights=None), "mobilenet_v2": lambda: models.mobilenet_v2(weights=None)}
    shape = (3, 64, 64)

    class Calibration(quantization.CalibrationDataReader):
        def __init__(self):
            random = np.random.default_rng(6)
            self.rest = iter([{"x0": random.normal(0, 1, (2, *shape)).astype(np.float32)} for _ in range(2)])

        def get_next(self):
            return next(self.rest, None)

    def half(a, b):
        from onnxconverter_common import float16
        onnx.save(float16.convert_float_to_float16(onnx.load(a), keep_io_types=True), b)

    def retyped(kind):
        def change(a, b):
            from onnx import TensorProto, helper, numpy_helper
            model = onnx.load(a)
            to = getattr(TensorProto, kind)
            nodes = []
            for array in list(model.graph.initializer):
                if array.data_type == TensorProto.FLOAT:
                    values = numpy_helper.to_array(array).astype(helper.tensor_dtype_to_np_dtype(to))
                    name, array_name = array.name, f"{array.name}_stored"
                    array.CopyFrom(numpy_helper.from_array(values, array_name))
                    nodes.append(helper.make_node("Cast", [array_name], [name], to=TensorProto.FLOAT))
            for number, node in enumerate(nodes):
                model.graph.node.insert(number, node)
            onnx.save(model, b)
        return change

    def static(form, **more):
        return lambda a, b: quantization.quantize_static(a, b, Calibration(), quant_format=form, **more)
    forms = {
        "QDQ": static(quantization.QuantFormat.QDQ, per_channel=True),
        "QDQ u8": static(quantization.QuantFormat.QDQ, activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QUInt8),
        "QOperator": static(quantization.QuantFormat.QOperator),
        "dynamic": lambda a, b: quantization.quantize_dynamic(a, b, weight_type=quantization.QuantType.QUInt8),
        "float16": half,
        "bfloat16 weights": retyped("BFLOAT16"),
        "double weights": retyped("DOUBLE"),
        "external": lambda a, b: onnx.save(onnx.load(a), b, save_as_external_data=True, location="weights.bin", size_threshold=0),
    }
    for name, make in networks.items():
        for form, change in forms.items():
            def export(path, make=make, change=change):
                import torch
                torch.manual_seed(3)
                first = path.with_name("plain.onnx")
                export_torch(enliven(make()), torch.randn(1, *shape), first, ONE[0])
                change(str(first), str(path))
                return [(2, *shape)]
            yield name, form, export


def files(folder):
    """Trained files that packages carry, unpacked below a folder."""
    for source in sorted(pathlib.Path(folder).glob("**/*.onnx")):
        def export(path, source=source):
            path.write_bytes(source.read_bytes())
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            line = any(part in source.stem for part in ("rec", "cls", "common"))
            usual = {0: 1, 1: 3, 2: 48, 3: 192} if line else {0: 1, 1: 3, 2: 128, 3: 128}
            named = {"batch": 1, "sequence": 512, "sequence_length": 1}

            def size(axis, declared, rank):
                if isinstance(declared, int) and declared > 0:
                    return declared
                return named.get(declared) or (usual[axis] if rank == 4 else 512 if (axis, rank) == (1, 2) else 1)
            return [tuple(size(axis, declared, len(port.shape)) for axis, declared in enumerate(port.shape)) for port in session.get_inputs()]
        yield f"{source.parent.name}/{source.stem}", "file", export


FAMILIES = {"torchvision": torchvision, "segmentation": segmentation, "detection": detection, "timm": timm_models, "smp": smp, "small": small_networks,
            "ultralytics": ultralytics, "keras": keras_applications, "changed": changed}
