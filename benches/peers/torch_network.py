"""A PyTorch module from a table of Keras layers."""
import torch
from torch import nn
from torch.nn import functional


def sides(padding):
    """How many zeros before and after, along height and width, as one number for both sides.

    An uneven padding (0 before, 1 after) becomes an even one that gives the same sizes and the same count of
    products, as PyTorch's own models have it.
    """
    return [-(-sum(pair) // 2) for pair in padding]


class Network(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.modules_by_name, self.rows = nn.ModuleDict(), []
        height, width, channels = table["input"]
        shapes = {}
        waiting = {}  # zero padding that the next layer takes over
        with torch.no_grad():
            for row in table["layers"]:
                name, config = row["name"], row["config"]
                kind, inputs = row["class"], row["inputs"]
                if kind == "InputLayer":
                    shapes[name] = torch.zeros(1, channels, height, width)
                    self.input_name = name
                    continue
                if kind == "ZeroPadding2D":
                    waiting[name] = (inputs[0], sides(config["padding"]))
                    continue
                padding = None
                if inputs[0] in waiting:
                    source, padding = waiting[inputs[0]]
                    inputs = [source]
                values = [shapes[source] for source in inputs]
                module = make(kind, config, values, padding)
                if module is not None:
                    self.modules_by_name[name.replace(".", "_")] = module
                self.rows.append((name, kind, module, inputs))
                shapes[name] = call(kind, module, values)
        self.output_name = self.rows[-1][0]

    def forward(self, x):
        values = {self.input_name: x}
        for name, kind, module, inputs in self.rows:
            values[name] = call(kind, module, [values[source] for source in inputs])
        return values[self.output_name]


def call(kind, module, values):
    if kind == "Add":
        return values[0] + values[1]
    if kind == "Concatenate":
        return torch.cat(values, 1)
    return module(values[0])


def activated(module, config):
    name = config.get("activation", "linear")
    if name == "linear":
        return module
    return nn.Sequential(module, {"relu": nn.ReLU()}[name])


def make(kind, config, values, padding):
    channels = values[0].shape[1]
    if kind in ("Conv2D", "DepthwiseConv2D"):
        kernel = config["kernel_size"]
        if padding is None:
            padding = [k // 2 for k in kernel] if config["padding"] == "same" else 0
        groups = channels if kind == "DepthwiseConv2D" else 1
        filters = channels if kind == "DepthwiseConv2D" else config["filters"]
        conv = nn.Conv2d(channels, filters, kernel, config["strides"], padding, groups=groups, bias=config["use_bias"])
        return activated(conv, config)
    if kind == "BatchNormalization":
        norm = nn.BatchNorm2d(channels, config["epsilon"], 1 - config["momentum"])
        if not config["scale"]:  # PyTorch has no normalisation with a shift alone: the scale stays 1
            ones = norm.weight.detach()
            del norm.weight
            norm.register_buffer("weight", ones)
        return norm
    if kind == "Dense":
        return activated(nn.Linear(channels, config["units"]), config)
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        window = config["pool_size"]
        if padding is None:
            padding = [k // 2 for k in window] if config["padding"] == "same" else 0
        if kind == "MaxPooling2D":
            return nn.MaxPool2d(window, config["strides"], padding)
        return nn.AvgPool2d(window, config["strides"], padding, count_include_pad=False)
    if kind == "GlobalAveragePooling2D":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if kind == "Activation" or kind == "ReLU":
        six = config.get("max_value") == 6 or config.get("activation") == "relu6"
        return nn.ReLU6() if six else nn.ReLU()
    return {"Flatten": nn.Flatten, "Dropout": nn.Dropout, "Add": lambda: None, "Concatenate": lambda: None}[kind]()


def multiply_adds(module, x):
    """Multiply-adds of one item, convolutions and dense layers."""
    total = []

    def count(layer, _inputs, output):
        if isinstance(layer, nn.Linear):
            total.append(layer.weight.numel())
        else:
            total.append(layer.weight.numel() * output[0, 0].numel())

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        module.eval()(x[:1])
    for hook in hooks:
        hook.remove()
    return sum(total)


def cross_entropy_step(module, x, classes, call):
    target = torch.arange(len(x)) % classes
    adam = torch.optim.Adam(module.parameters())

    def step():
        adam.zero_grad()
        loss = functional.cross_entropy(call(x), target)
        loss.backward()
        adam.step()
        return loss.item()

    return step
