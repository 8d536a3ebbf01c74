from keras.models import Sequential
from keras.layers import Conv3D, MaxPooling3D, GlobalAveragePooling3D, BatchNormalization, Dense, Dropout


def get_model(width=64, height=64, depth=32):
    """Build a 3D convolutional neural network model."""
    model = Sequential(name="volumes")
    for i, filters in enumerate((32, 32, 64)):
        if i == 0:
            model.add(Conv3D(filters=filters, kernel_size=3, activation="relu",
                             input_shape=(width, height, depth, 1)))
        else:
            model.add(Conv3D(filters=filters, kernel_size=3, activation="relu"))
        model.add(MaxPooling3D(pool_size=2))
        model.add(BatchNormalization())
    model.add(GlobalAveragePooling3D())
    model.add(Dense(units=128, activation="relu"))
    model.add(Dropout(0.3))
    model.add(Dense(units=1, activation="sigmoid"))
    return model


model = get_model(width=64, height=64, depth=32)
weights = [w.shape for w in model.layers[0].weights]
print(weights, model.layers[2].count_params())
