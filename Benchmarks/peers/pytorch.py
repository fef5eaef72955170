"""PyTorch: eager, channels-last, with fused Adam, with both, compiled, compiled with fused Adam, or that in bfloat16."""

import common
import sequences

options = common.arguments(
    models=["document-cnn", "document-cnn-average", "mlp", "vgg-bn", "resnet-20", "mobilenet", *sequences.NAMES],
    mode=dict(
        default="eager",
        choices=[
            "eager", "channels-last", "fused-adam", "channels-last-fused", "compile", "compile-fused",
            "bfloat16-fused",
        ],
    ),
)

import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)


def normalized(inputs, outputs, kernel=3, stride=1, groups=1, rectified=True):
    """Convolution and batch normalization (momentum and epsilon are Keras's), perhaps a rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
        *([nn.ReLU(inplace=True)] if rectified else []),
    )


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            normalized(inputs, outputs, stride=stride), normalized(outputs, outputs, rectified=False)
        )
        self.projection = (
            nn.Identity() if inputs == outputs else normalized(inputs, outputs, 1, stride, rectified=False)
        )

    def forward(self, x):
        return F.relu(self.body(x) + self.projection(x), inplace=True)


def head(inputs, hidden, rate):
    return [nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(rate), nn.Linear(hidden, 10)]


def document_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        *head(1600, 64, 0.25),
    )


def document_cnn_average():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        *head(3136, 64, 0.25),
    )


def mlp():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )


def vgg_bn():
    layers, inputs = [], 3
    for width in [32, 64, 128]:
        layers += [normalized(inputs, width), normalized(width, width), nn.MaxPool2d(2)]
        inputs = width
    return nn.Sequential(*layers, *head(2048, 256, 0.5))


def resnet_20():
    layers, inputs = [normalized(3, 16)], 16
    for width in [16, 32, 64]:
        for _ in range(3):
            layers.append(ResidualBlock(inputs, width, 1 if inputs == width else 2))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def mobilenet():
    layers, inputs = [normalized(3, 32)], 32
    for width, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)]:
        layers += [normalized(inputs, inputs, stride=stride, groups=inputs), normalized(inputs, width, 1)]
        inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


# By the names of citius-bench.
MODELS = {
    "document-cnn": document_cnn, "document-cnn-average": document_cnn_average, "mlp": mlp, "vgg-bn": vgg_bn,
    "resnet-20": resnet_20, "mobilenet": mobilenet,
} | sequences.MODELS

if options.model in sequences.NAMES:
    (train_x, train_y), (test_x, test_y) = (
        tuple(map(torch.from_numpy, part)) for part in common.sequences(options)
    )
else:
    (images, labels), (test_images, test_labels) = common.load(options)
    train_x = torch.tensor(images).permute(0, 3, 1, 2).contiguous()
    train_y = torch.tensor(labels).long()
    test_x = torch.tensor(test_images).permute(0, 3, 1, 2).contiguous()
    test_y = torch.tensor(test_labels).long()
layout = torch.channels_last if "channels-last" in options.mode else torch.contiguous_format


def batch(source, indices):
    if options.model in sequences.NAMES:
        return source[indices]
    return (source[indices].float() / 255).contiguous(memory_format=layout)


model = MODELS[options.model]()
if options.model not in sequences.NAMES:
    model = model.to(memory_format=layout)
optimizer = torch.optim.Adam(model.parameters(), eps=1e-7, fused="fused" in options.mode)
step = torch.compile(model, dynamic=False) if "compile" in options.mode else model
batch(train_x, slice(0, options.batch_size))
startup = common.process_age()


def precision():
    """Products in bfloat16 where the mode says so: less exact than what the others compute."""
    return torch.autocast("cpu", torch.bfloat16, enabled="bfloat16" in options.mode)


def epoch():
    model.train()
    order = torch.randperm(len(train_x))
    loss_sum = correct = 0.0
    for start in range(0, len(order), options.batch_size):
        chosen = order[start : start + options.batch_size]
        y = train_y[chosen]
        with precision():
            output = step(batch(train_x, chosen))
            loss = F.cross_entropy(output, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        # The running loss and accuracy, as Keras and Citius keep them.
        loss_sum += loss.item() * len(y)
        correct += (output.argmax(1) == y).sum().item()


def evaluate():
    model.eval()
    with torch.inference_mode(), precision():
        for start in range(0, len(test_x), 256):
            chosen = slice(start, start + 256)
            output = step(batch(test_x, chosen))
            F.cross_entropy(output, test_y[chosen]).item()
            (output.argmax(1) == test_y[chosen]).sum().item()
    return len(test_x)


image = batch(test_x, slice(0, 1))


def predict():
    with torch.inference_mode(), precision():
        step(image).softmax(1)


peer = "pytorch" if options.mode == "eager" else "pytorch-" + options.mode
# An LSTM's two biases are added: they are one.
parameters = sum(
    parameter.numel() for name, parameter in model.named_parameters()
    if options.model != "lstm" or "bias_hh" not in name
)
common.measure(peer, options, startup, epoch, evaluate, predict, parameters)
